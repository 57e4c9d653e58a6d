/** An account's columns under their names in TypeScript. */
export const ACCOUNT = `account.id, account.username, account.display_name as "displayName", account.bio, account.avatar_url as "avatarUrl",
  account.role, account.email, account.email_verified_at as "emailVerifiedAt", account.password_hash as "passwordHash",
  account.suspended_at as "suspendedAt", account.suspended_reason as "suspendedReason", account.generation, account.demo,
  account.created_at as "createdAt"`

/** $1 what a person signs in with, in lower case. An address has an @, a username never. */
export const ACCOUNT_BY_LOGIN = `select ${ACCOUNT} from account where username = $1 or lower(email) = lower($1)`

/** $1 name, $2 account or null, $3 hours that it is kept for a sign-up that waits for its mail, or null. No row: it is taken. */
export const TAKE_USERNAME = `
  insert into taken_username (name, account_id, expires_at) values ($1, $2::uuid, clock() + make_interval(hours => $3::int))
  on conflict (name) do update set account_id = excluded.account_id, expires_at = excluded.expires_at
  where taken_username.expires_at <= clock()
  returning name`

/** $1 id, $2 username, $3 display name, $4 role, $5 email, $6 password hash, $7 key, $8 fingerprint. */
export const ADD_ACCOUNT = `
  insert into account (id, username, display_name, role, email, password_hash, sign_up_key, sign_up_fingerprint)
  values ($1, $2, $3, $4::role, $5, $6, $7, $8) returning ${ACCOUNT}`

/** $1 id, $2 username, $3 display name, $4 email, $5 password hash, $6 fingerprint. No row: no guest any more. */
export const TURN_GUEST_INTO_ACCOUNT = `
  update account set username = $2, display_name = $3, email = $4, password_hash = $5, role = 'USER',
    sign_up_key = null, sign_up_fingerprint = $6, generation = generation + 1
  where id = $1 and role = 'GUEST' returning ${ACCOUNT}`

/** $1 user. Access tokens made before now are refused. */
export const END_GENERATION = `
  insert into ending (subject_id, below_generation, ended_at) select id, generation, clock() from account where id = $1
  on conflict (subject_id) do update set below_generation = excluded.below_generation, ended_at = excluded.ended_at`
