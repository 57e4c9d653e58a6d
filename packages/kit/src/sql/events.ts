/** $1 topic, $2 type, $3 data. */
export const APPEND = 'insert into event (topic, type, data) values ($1, $2, $3::jsonb)'

/** $1 how many at most. */
export const POSITION_EVENTS = 'select topic, position::float8, moved::float8 from position_events($1)'

/** Where the log stands, and whether a commit has left events behind that nobody gave a position. */
export const HEAD = `
  select position::float8 as head, floor::float8, epoch, exists (select from event where position is null) as pending from log_head`

const READ = (condition: string) => `
  select log_head.position::float8 as head, log_head.floor::float8, log_head.epoch,
    found.position::float8, found.at, found.topic, found.type, found.data
  from log_head left join lateral (
    select event.position, event.at, event.topic, event.type, event.data from event
    where event.position > $1 and event.position <= log_head.position${condition}
    order by event.position limit $2
  ) found on true
  order by found.position`

/** $1 behind which position, $2 how many. One row at least, with the head as of the same moment. */
export const READ_ALL = READ('')
/** $1, $2 the same, $3 topics. */
export const READ_TOPICS = READ(' and event.topic = any($3::text[])')

/**
 * $1 days, $2 days that an event is kept longer for a reader that has not passed it, $3 how many at most. What is past its time goes in
 * the order of positions, and the floor with it.
 */
export const FORGET_EVENTS = `
  with old as (
    select position from event
    where position is not null and at < clock() - make_interval(days => $1::int)
      and (at < clock() - make_interval(days => $1::int + $2::int) or position <= coalesce((select min(position) from log_reader), position))
    order by position limit $3
  ), gone as (
    delete from event using old where event.position = old.position returning event.position
  ), raised as (
    update log_head set floor = greatest(floor, (select max(position) from gone)) where exists (select from gone)
  )
  select count(*)::int as count from gone`

/**
 * Cursors and positions of before are stale from now on. Consumers start over where the log begins, so what is left of it is kept for
 * them as if they had passed none of it.
 */
export const NEW_EPOCH = `
  with readers as (update log_reader set position = log_head.floor from log_head)
  update log_head set epoch = substr(replace(gen_random_uuid()::text, '-', ''), 1, 12)
  from (select epoch from log_head) former returning former.epoch as before, log_head.epoch as now`

/** $1 position. */
export const EVENT_AT = 'select type, data, at from event where position = $1'
