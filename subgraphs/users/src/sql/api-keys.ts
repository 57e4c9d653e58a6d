import type { List } from '@ashlar/kit/paging'
import { ENDINGS_TOPIC } from './endings.js'

const KEY = `api_key.id, api_key.name, api_key.prefix, api_key.scopes, api_key.created_at as "createdAt",
  api_key.last_used_at as "lastUsedAt", api_key.expires_at as "expiresAt"`

/** $1 id, $2 account, $3 name, $4 prefix, $5 hash, $6 scopes, $7 expiry or null. */
export const ADD_KEY = `
  insert into api_key (id, account_id, name, prefix, hash, scopes, expires_at) values ($1, $2, $3, $4, $5, $6, $7) returning ${KEY}`

/** $1 id, $2 account, $3 prefix, $4 hash. The secret of before is worth nothing from now on. */
export const RENEW_SECRET = `
  with api_key as (update api_key set prefix = $3, hash = $4 where id = $1 and account_id = $2 returning *), told as (
    insert into event (topic, type, data) select '${ENDINGS_TOPIC}', 'key.renewed', jsonb_build_object('id', id) from api_key
  )
  select ${KEY} from api_key`

/** $1 account. */
export const COUNT_KEYS = 'select count(*)::int as count from api_key where account_id = $1'

/** $1 time. */
export const IS_PAST = 'select $1::timestamptz <= clock() as past'

/** $1 hash, $2 whether demo accounts may. */
export const IDENTIFY_KEY = `
  select api_key.id, api_key.account_id as "accountId", api_key.scopes, account.role, account.generation,
    api_key.last_used_at is null or api_key.last_used_at < clock() - interval '1 minute' as "useIsDue",
    extract(epoch from api_key.expires_at - clock())::float8 as "secondsLeft"
  from api_key join account on account.id = api_key.account_id
  where api_key.hash = $1 and (api_key.expires_at is null or api_key.expires_at > clock())
    and account.suspended_at is null and ($2::boolean or not account.demo)`

/** $1 key. At most once a minute, so that a busy key does not write with each request. */
export const NOTE_USE = `
  update api_key set last_used_at = clock() where id = $1 and (last_used_at is null or last_used_at < clock() - interval '1 minute')`

export const keysList = (ownerId: string): List => ({
  name: 'api keys',
  columns: KEY,
  from: 'api_key',
  where: 'api_key.account_id = $1::uuid',
  values: [ownerId],
  order: [
    { sql: 'api_key.created_at', type: 'timestamptz', descending: true },
    { sql: 'api_key.id', type: 'uuid', descending: true },
  ],
})
