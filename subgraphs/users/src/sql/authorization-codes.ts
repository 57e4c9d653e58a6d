/** $1 hash, $2 account, $3 client, $4 challenge, $5 scopes, $6 when the person last proved who they are. */
export const ADD_CODE = `
  insert into authorization_code (hash, account_id, client, code_challenge, scopes, authenticated_at, expires_at)
  values ($1, $2, $3, $4, $5, $6, clock() + interval '60 seconds') returning expires_at as "expiresAt"`

/** $1 hash. Of two who use it at once the second sees what the first made of it. */
export const LOCK_CODE = `
  select account_id as "accountId", client, code_challenge as "codeChallenge", scopes, authenticated_at as "authenticatedAt",
    expires_at <= clock() as expired, used_at is not null as used, session_id as "sessionId"
  from authorization_code where hash = $1 for update`

/** $1 hash, $2 the session that it made. */
export const USE_CODE = 'update authorization_code set used_at = clock(), session_id = $2 where hash = $1'
