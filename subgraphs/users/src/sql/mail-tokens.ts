/** A token's columns, with the account or the sign-up that it is for. */
const TOKEN = `mail_token.id, mail_token.kind, mail_token.account_id as "accountId", mail_token.pending_sign_up_id as "pendingSignUpId",
  mail_token.email, coalesce(account.username, pending_sign_up.username) as username`

/** $1 id, $2 kind, $3 account, $4 address, $5 hash, $6 minutes. Newest only: the one before is gone. */
export const ISSUE_FOR_ACCOUNT = `
  insert into mail_token (id, kind, account_id, email, hash, expires_at)
  values ($1, $2, $3, $4, $5, clock() + make_interval(mins => $6::int))
  on conflict (account_id, kind) where account_id is not null
  do update set id = excluded.id, email = excluded.email, hash = excluded.hash, expires_at = excluded.expires_at`

/** $1 id, $2 kind, $3 pending sign-up, $4 address, $5 hash, $6 minutes. */
export const ISSUE_FOR_SIGN_UP = `
  insert into mail_token (id, kind, pending_sign_up_id, email, hash, expires_at)
  values ($1, $2, $3, $4, $5, clock() + make_interval(mins => $6::int))
  on conflict (pending_sign_up_id) where pending_sign_up_id is not null
  do update set id = excluded.id, email = excluded.email, hash = excluded.hash, expires_at = excluded.expires_at`

/** $1 id, $2 hash, $3 hours. There is one claim, and all who make or use it wait here for one another. */
export const ISSUE_CLAIM = `
  insert into mail_token (id, kind, hash, expires_at) values ($1, 'claim', $2, clock() + make_interval(hours => $3::int))
  on conflict (kind) where kind = 'claim'
  do update set id = excluded.id, hash = excluded.hash, expires_at = excluded.expires_at`

/** $1 kind, $2 hash. */
export const FIND_TOKEN = `
  select ${TOKEN} from mail_token
  left join account on account.id = mail_token.account_id
  left join pending_sign_up on pending_sign_up.id = mail_token.pending_sign_up_id
  where mail_token.kind = $1 and mail_token.hash = $2 and mail_token.expires_at > clock()`

/** $1 hash. */
export const IS_LIVE = 'select from mail_token where hash = $1 and expires_at > clock()'

/** $1 kind, $2 hash. A row for the one who used it. */
export const USE_TOKEN = 'delete from mail_token where kind = $1 and hash = $2 and expires_at > clock() returning id'

export const DROP_CLAIM = `delete from mail_token where kind = 'claim'`
