/** An account's columns under their names in TypeScript. */
export const ACCOUNT = `account.id, account.username, account.display_name as "displayName", account.bio, account.avatar_url as "avatarUrl",
  account.role, account.email, account.email_verified_at as "emailVerifiedAt", account.password_hash as "passwordHash",
  account.suspended_at as "suspendedAt", account.suspended_reason as "suspendedReason", account.generation, account.demo,
  account.created_at as "createdAt",
  exists (select from second_factor where account_id = account.id and enabled_at is not null) as "totpEnabled"`

/** $1 ids. */
export const ACCOUNTS_BY_ID = `select ${ACCOUNT} from account where id = any($1::uuid[])`
/** $1 username, in any case. */
export const ACCOUNT_BY_USERNAME = `select ${ACCOUNT} from account where username = lower($1)`
/** $1 address, in any case. */
export const ACCOUNT_BY_EMAIL = `select ${ACCOUNT} from account where lower(email) = lower($1)`
/** $1 id. */
export const LOCK_ACCOUNT = `select ${ACCOUNT} from account where id = $1 for no key update`

/** $1 account, $2 session. The account of whoever asks; no row where either has ended. */
export const READ_OWN_ACCOUNT = `
  select ${ACCOUNT}, session.authenticated_at as "authenticatedAt",
    extract(epoch from clock() - session.authenticated_at)::float8 as "secondsSinceSignIn"
  from account join session on session.account_id = account.id
  where account.id = $1 and account.suspended_at is null and session.id = $2 and session.expires_at > clock()`
/** The same, for a change of it: two changes of one account come one after the other. */
export const LOCK_OWN_ACCOUNT = `${READ_OWN_ACCOUNT} for no key update of account`

/** $1 name. What a sign-up kept that was never confirmed is free again. */
export const DROP_EXPIRED_USERNAME = 'delete from taken_username where name = $1 and expires_at <= clock()'
/** $1 name, $2 account or null, $3 hours that it is kept for a sign-up that waits for its mail, or null. No row: it is taken. */
export const TAKE_USERNAME = `
  insert into taken_username (name, account_id, expires_at) values ($1, $2::uuid, clock() + make_interval(hours => $3::int))
  on conflict (name) do nothing returning name`
/** $1 name, $2 account, whose it is from now on. */
export const KEEP_USERNAME = 'update taken_username set account_id = $2, expires_at = null where name = $1'
/** $1 name. */
export const RELEASE_USERNAME = 'delete from taken_username where name = $1'
/** $1 account that is gone: nobody gets its name. */
export const RESERVE_USERNAME = 'update taken_username set account_id = null where account_id = $1'

/** $1 id, $2 username, $3 display name, $4 role, $5 email, $6 whether it is verified, $7 password hash, $8 key, $9 fingerprint. */
export const ADD_ACCOUNT = `
  insert into account (id, username, display_name, role, email, email_verified_at, password_hash, sign_up_key, sign_up_fingerprint)
  values ($1, $2, $3, $4::role, $5, case when $6::boolean then clock() end, $7, $8, $9) returning ${ACCOUNT}`

/** $1 id, $2 username, $3 display name, $4 email, $5 whether it is verified, $6 password hash, $7 fingerprint. No row: no guest any more. */
export const TURN_GUEST_INTO_ACCOUNT = `
  update account set username = $2, display_name = $3, email = $4, email_verified_at = case when $5::boolean then clock() end,
    password_hash = $6, role = 'USER', sign_up_key = null, sign_up_fingerprint = $7, signed_up_at = clock(), generation = generation + 1
  where id = $1 and role = 'GUEST' and suspended_at is null returning ${ACCOUNT}`

/** $1 username, $2 fingerprint. The account that the same sign-up made within 10 minutes. */
export const SIGNED_UP_LATELY = `
  select ${ACCOUNT} from account
  where username = $1 and sign_up_fingerprint = $2 and signed_up_at > clock() - interval '10 minutes'`

/** $1 the key's hash. The guest that it made within 7 days. */
export const GUEST_BY_KEY = `
  select ${ACCOUNT}, sign_up_fingerprint as fingerprint from account
  where role = 'GUEST' and sign_up_key = $1 and signed_up_at > clock() - interval '7 days'`
/** $1 the key's hash. Of a guest made longer ago the key is forgotten. */
export const FORGET_GUEST_KEY = `
  update account set sign_up_key = null
  where role = 'GUEST' and sign_up_key = $1 and signed_up_at <= clock() - interval '7 days'`

/** $1 account, $2 username or null, $3 display name or null, $4 whether to set the bio, $5 it, $6 whether to set the avatar, $7 it. */
export const UPDATE_PROFILE = `
  update account set username = coalesce($2, username), display_name = coalesce($3, display_name),
    bio = case when $4::boolean then $5 else bio end, avatar_url = case when $6::boolean then $7 else avatar_url end
  where id = $1 returning ${ACCOUNT}`

/** $1 account, $2 password hash. */
export const SET_PASSWORD = 'update account set password_hash = $2, sign_up_fingerprint = null where id = $1'
/** $1 account, $2 address, which is now known to be theirs. */
export const SET_VERIFIED_EMAIL = 'update account set email = $2, email_verified_at = clock() where id = $1'
/** $1 account. */
export const DROP_EMAIL = 'update account set email = null, email_verified_at = null where id = $1'

/** All who are ADMIN and may act, locked in one order, so that of two who demote each other one comes second and sees it. */
export const LOCK_ADMINS = `
  select id from account where role = 'ADMIN' and suspended_at is null order by id for no key update`
/** Whether there is an ADMIN at all. */
export const HAS_ADMIN = `select exists (select from account where role = 'ADMIN') as "hasAdmin"`

/** $1 account, $2 role. */
export const SET_ROLE = `update account set role = $2::role, generation = generation + 1 where id = $1 returning ${ACCOUNT}`
/** $1 account, $2 reason. A second suspension changes the reason alone. */
export const SUSPEND = `
  update account set suspended_at = coalesce(suspended_at, clock()), suspended_reason = $2, generation = generation + 1
  where id = $1 returning ${ACCOUNT}`
/** $1 account. */
export const UNSUSPEND = `update account set suspended_at = null, suspended_reason = null where id = $1 returning ${ACCOUNT}`

/** $1 account. All that hangs on it goes along. */
export const DELETE_ACCOUNT = 'delete from account where id = $1'
/** $1 account. What is kept of it beside its own rows. */
export const DELETE_KEPT = `
  with keys as (delete from idempotency_key where actor = $1::text)
  delete from throttle where key in ('guess:username:' || $1::text, 'guess:email:' || $1::text, 'guess:own:' || $1::text)`
