/**
 * $1 actor, $2 field, $3 key, $4 the input's hash. A row: the key is ours. None: it was used within 7 days, and whoever used it has
 * committed, since until then this waits.
 */
export const TAKE = `
  insert into idempotency_key (actor, field, key, input_hash, created_at) values ($1, $2, $3, $4, clock())
  on conflict (actor, field, key) do update set input_hash = excluded.input_hash, result = null, created_at = excluded.created_at
  where idempotency_key.created_at < clock() - interval '7 days'
  returning key`

/** $1 actor, $2 field, $3 key, $4 result. */
export const KEEP = 'update idempotency_key set result = $4::jsonb where actor = $1 and field = $2 and key = $3'

/** $1 actor, $2 field, $3 key. */
export const READ = 'select input_hash as "inputHash", result from idempotency_key where actor = $1 and field = $2 and key = $3'

/** What is past its 7 days. */
export const FORGET = `delete from idempotency_key where created_at < clock() - interval '7 days'`
