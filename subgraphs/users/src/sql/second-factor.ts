/**
 * $1 account, $2 how many wrong ones there may be. Counts an attempt before it is looked at, so that any number at once count each;
 * the last one that is allowed pauses the rest, unless it is right. No row: not turned on, or paused.
 */
export const COUNT_ATTEMPT = `
  update second_factor set
    failures = case when paused_until is null then failures + 1 else 1 end,
    paused_until = case when (case when paused_until is null then failures + 1 else 1 end) >= $2::int then clock() + interval '15 minutes' end
  where account_id = $1 and (paused_until is null or paused_until <= clock())
  returning secret_sealed as "secretSealed", pending_sealed as "pendingSealed", enabled_at is not null as enabled, clock() as now`

/** $1 account. */
export const READ_STATE = `
  select enabled_at is not null as enabled, greatest(extract(epoch from paused_until - clock()), 0)::float8 as "secondsPaused"
  from second_factor where account_id = $1`

/** $1 account, $2 the 30 s step of the code. A row where no code of it or of a later one was accepted before. */
export const ACCEPT_STEP = `
  update second_factor set last_step = $2, failures = 0, paused_until = null where account_id = $1 and last_step < $2::bigint
  returning account_id`

/** $1 account, $2 hash. A row for the one who used it. */
export const USE_RECOVERY_CODE = `
  with used as (delete from recovery_code where account_id = $1 and hash = $2 returning account_id)
  update second_factor set failures = 0, paused_until = null from used where second_factor.account_id = used.account_id
  returning second_factor.account_id`

/** $1 account, $2 the new secret, sealed. Nothing changes until it is confirmed. No row: it is turned on already. */
export const ENROLL = `
  insert into second_factor (account_id, pending_sealed) values ($1, $2)
  on conflict (account_id) do update set pending_sealed = excluded.pending_sealed where second_factor.enabled_at is null
  returning account_id`

/** $1 account, $2 the step of the code that confirms it, $3 the sealed secret that it was a code of: one enrolled meanwhile is another. */
export const ENABLE = `
  update second_factor set secret_sealed = pending_sealed, pending_sealed = null, enabled_at = clock(), last_step = $2, failures = 0,
    paused_until = null
  where account_id = $1 and enabled_at is null and pending_sealed = $3::bytea returning account_id`

/** $1 account, $2 hashes. */
export const SET_RECOVERY_CODES = 'insert into recovery_code (account_id, hash) select $1, unnest($2::bytea[])'
/** $1 account. */
export const DROP_RECOVERY_CODES = 'delete from recovery_code where account_id = $1'
/** $1 account. */
export const DISABLE = 'delete from second_factor where account_id = $1'
