/** $1 id, $2 kind, $3 key or null, $4 payload, $5 when, or null for now. One of a key takes the place of the one before. */
export const ENQUEUE = `
  insert into job (id, kind, key, payload, run_at) values ($1, $2, $3, $4::jsonb, coalesce($5::timestamptz, clock()))
  on conflict (kind, key) do update set payload = excluded.payload, run_at = excluded.run_at, attempts = 0,
    lease_number = job.lease_number + 1, leased_until = null, last_error = null, failed_at = null`

/** $1 kind, $2 key. */
export const CANCEL = 'delete from job where kind = $1 and key = $2'

/** $1 id, $2 kind. */
export const SCHEDULE = `insert into job (id, kind, key) values ($1, $2, 'schedule') on conflict (kind, key) do nothing`

/** $1 kinds, $2 how many, $3 the lease in seconds. */
export const TAKE_DUE = `
  with due as (
    select id from job
    where failed_at is null and run_at <= clock() and (leased_until is null or leased_until <= clock()) and kind = any($1)
    order by run_at limit $2 for update skip locked
  )
  update job set lease_number = lease_number + 1, attempts = attempts + 1, leased_until = clock() + make_interval(secs => $3::float8)
  from due where job.id = due.id
  returning job.id, job.kind, job.payload, job.attempts, job.lease_number as "leaseNumber"`

/** $1 id, $2 lease number, $3 the lease in seconds. No row: it is held by another. */
export const HEARTBEAT = `
  update job set leased_until = clock() + make_interval(secs => $3::float8) where id = $1 and lease_number = $2 returning id`

/** $1 id, $2 lease number, $3 seconds until it runs again by itself, or null where it is done for good. No row: it is held by another. */
export const FINISH = `
  with again as (
    update job set run_at = clock() + make_interval(secs => $3::float8), attempts = 0, leased_until = null, last_error = null
    where id = $1 and lease_number = $2 and $3::float8 is not null returning id
  ), done as (
    delete from job where id = $1 and lease_number = $2 and $3::float8 is null returning id
  )
  select id from again union all select id from done`

/** $1 id, $2 lease number, $3 seconds until the next attempt, $4 whether this was the last one, $5 why. */
export const BACK_OFF = `
  update job set run_at = clock() + make_interval(secs => $3::float8), leased_until = null, last_error = $5,
    failed_at = case when $4::boolean then clock() end
  where id = $1 and lease_number = $2`

/** $1 id, $2 lease number. */
export const PUT_BACK = `update job set leased_until = null, attempts = greatest(attempts - 1, 0) where id = $1 and lease_number = $2`
