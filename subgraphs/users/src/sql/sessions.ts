/** A session's columns under their names in TypeScript. */
export const SESSION = `session.id, session.account_id as "accountId", session.client, session.scopes, session.user_agent as "userAgent",
  session.ip_address as "ipAddress", session.created_at as "createdAt", session.authenticated_at as "authenticatedAt",
  session.last_used_at as "lastUsedAt", session.expires_at as "expiresAt"`

/** A session ends 30 days after its last use and 180 days after its sign-in. */
const EXPIRY = `least(clock() + interval '30 days', session.created_at + interval '180 days')`

/**
 * $1 session, $2 account, $3 client, $4 scopes, $5 user agent, $6 address, $7 the refresh token's hash, $8 the password hash that was
 * checked, $9 when the person proved who they are, if not now, $10 whether demo accounts may, $11 the address as it is known by,
 * $12 the audit's id, $13 its target, $14 its details: written as `writeAudit` does, but in this statement, since sign-ins are many.
 * No row where the account was suspended or got another password meanwhile: the share lock has the two decide who was first.
 */
export const OPEN_SESSION = `
  with owner as (
    select id, role, generation from account
    where id = $2 and suspended_at is null and ($8::text is null or password_hash = $8) and ($10::boolean or not demo)
    for share
  ), opened as (
    insert into session (id, account_id, client, scopes, user_agent, ip_address, authenticated_at, expires_at)
    select $1::uuid, id, $3, $4::text[], $5, $6, coalesce($9::timestamptz, clock()), clock() + interval '30 days' from owner
    returning ${SESSION}
  ), token as (
    insert into refresh_token (hash, session_id) select $7::bytea, id from opened
  ), known as (
    insert into known_address (account_id, address) select id, $11 from owner
    on conflict (account_id, address) do update set signed_in_at = clock()
  ), audited as (
    insert into audit_entry (id, at, actor_id, action, target, ip_address, details)
    select $12::uuid, clock(), id, 'user.sign-in', $13, $6, $14::jsonb from owner
  )
  select opened.*, owner.role, owner.generation, clock() as now from opened, owner`

const EXPIRED = '(session.expires_at <= clock() or (account.demo and not $2::boolean))'
const FOREIGN = `($3::text[] is not null and coalesce(session.client, '') <> all ($3::text[]))`
const OF_TOKEN = `
  from session join account on account.id = session.account_id
  where session.id = (select session_id from refresh_token where hash = $1)`

/**
 * $1 the presented token's hash, $2 whether demo accounts may, $3 the clients whose sessions may be renewed, '' for a full session, or null
 * for all. Every refresh of a session takes its row first, so that they come one after the other.
 */
export const LOCK_SESSION_OF_TOKEN = `
  select ${SESSION}, account.role, account.generation, clock() as now, ${EXPIRED} as expired, ${FOREIGN} as "foreign" ${OF_TOKEN}
  for no key update of session`

/**
 * $1, $2, $3 the same, $4 the successor's hash, $5 the successor sealed, $6 user agent, $7 address. The first use of a good token, whole:
 * what its predecessor kept sealed of it goes. No row for any other presentation, and nothing has changed then. Of several at once with
 * one token the others wait for the session's row, and then find that the token has a successor: its row is looked at as it is by then.
 */
export const RENEW = `
  with asked as materialized (
    select session.id, account.role, account.generation ${OF_TOKEN} and not ${EXPIRED} and not ${FOREIGN}
    for no key update of session
  ), presented as (
    update refresh_token set successor_hash = $4, successor_sealed = $5 from asked
    where hash = $1 and session_id = asked.id and successor_hash is null
    returning session_id
  ), successor as (
    insert into refresh_token (hash, session_id) select $4::bytea, session_id from presented
  ), predecessor as (
    update refresh_token set successor_used_at = clock(), successor_sealed = null from presented where successor_hash = $1
  ), renewed as (
    update session set last_used_at = clock(), expires_at = ${EXPIRY}, user_agent = $6, ip_address = $7
    from presented where session.id = presented.session_id
    returning ${SESSION}
  )
  select renewed.*, asked.role, asked.generation, clock() as now from renewed, asked`

/** $1 a refresh token's hash, $2 whether demo accounts may. Its session, while the token is good: its successor, if any, is unused. */
export const SESSION_OF_TOKEN = `
  select ${SESSION}, account.role, account.generation, clock() as now
  from refresh_token join session on session.id = refresh_token.session_id join account on account.id = session.account_id
  where refresh_token.hash = $1 and successor_used_at is null and session.expires_at > clock()
    and account.suspended_at is null and ($2::boolean or not account.demo)`

/** $1 the presented token's hash, under the session's lock. */
export const READ_TOKEN = `
  select successor_hash as "successorHash", successor_sealed as "successorSealed",
    successor_used_at is not null as "successorUsed", coalesce(successor_used_at + interval '10 seconds' < clock(), false) as late
  from refresh_token where hash = $1`

/** $1 session. */
export const DROP_TOKENS = 'delete from refresh_token where session_id = $1'

/** $1 session, $2 account, $3 the new token's hash. A session that goes on under tokens of its own. */
export const RENEW_TOKENS = `
  with renewed as (
    update session set authenticated_at = clock(), last_used_at = clock(), expires_at = ${EXPIRY}
    where id = $1 and account_id = $2 and expires_at > clock() returning ${SESSION}
  ), token as (
    insert into refresh_token (hash, session_id) select $3::bytea, id from renewed
  )
  select renewed.*, account.role, account.generation, clock() as now from renewed join account on account.id = renewed."accountId"`
