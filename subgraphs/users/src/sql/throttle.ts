/** The key, and the window's length in seconds. Counts one attempt and says how many there were and when the window ends. */
export const countInWindow = (key: string, seconds: string) => `
  insert into throttle (key, hits, until, touched_at)
  values (${key}, 1, clock() + make_interval(secs => ${seconds}::float8), clock())
  on conflict (key) do update set
    hits = case when throttle.until <= clock() then 1 else throttle.hits + 1 end,
    until = case when throttle.until <= clock() then excluded.until else throttle.until end,
    touched_at = clock()
  returning hits, extract(epoch from until - clock())::float8 as "secondsLeft"`

/** $1 key, $2 the window's length in seconds. */
export const COUNT_IN_WINDOW = countInWindow('$1', '$2')

/**
 * $1 key, $2 attempts that cost nothing, $3 the longest delay in seconds. Counts one attempt and puts off the next, twice as long
 * each time; no row while the delay of the one before still runs. A day without attempts forgets them.
 */
export const COUNT_WITH_DELAY = `
  insert into throttle (key, hits, until, touched_at)
  values ($1, 1, clock(), clock())
  on conflict (key) do update set
    hits = case when throttle.touched_at < clock() - interval '1 day' then 1 else throttle.hits + 1 end,
    until = clock() + make_interval(secs => case
      when throttle.touched_at < clock() - interval '1 day' or throttle.hits + 1 < $2::int then 0
      else least(power(2, least(throttle.hits + 1 - $2::int, 30)), $3::float8) end),
    touched_at = clock()
  where throttle.until <= clock()
  returning hits`

/** $1 key. */
export const SECONDS_LEFT = `select greatest(extract(epoch from until - clock()), 0)::float8 as "secondsLeft" from throttle where key = $1`

/** $1 key, $2 how many there may be. A row where the window is full. */
export const WINDOW_LEFT = `
  select extract(epoch from until - clock())::float8 as "secondsLeft" from throttle where key = $1 and until > clock() and hits >= $2`

/** $1 keys. */
export const FORGET = 'delete from throttle where key = any($1)'
