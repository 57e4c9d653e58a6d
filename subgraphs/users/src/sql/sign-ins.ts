import { ACCOUNT } from './accounts.js'
import { countInWindow } from './throttle.js'

const known = `exists (
  select from known_address
  where account_id = account.id and address = $2 and signed_in_at > clock() - interval '30 days') as known`

// One row in any case: what the login is in lower case is the database's to say, for nobody's as for somebody's.
const find = (where: string) => `
  with attempt as (${countInWindow('$3', '$4')})
  select attempt.hits, attempt."secondsLeft", lower($1::text) as login, ${ACCOUNT}, ${known}
  from attempt left join account on ${where} = lower($1::text)`

/** $1 username, in any case; $2 the address as it is known by; $3, $4 key and window of the attempt that is counted with it. */
export const FIND_BY_USERNAME = find('username')
/** $1 e-mail address, in any case; $2, $3, $4 the same. */
export const FIND_BY_EMAIL = find('lower(email)')

/** $1 issuer, $2 subject. */
export const ACCOUNT_OF_IDENTITY = `
  select ${ACCOUNT} from openid_identity join account on account.id = openid_identity.account_id where issuer = $1 and subject = $2`
/** $1 issuer, $2 subject, $3 account. */
export const LINK_IDENTITY = 'insert into openid_identity (issuer, subject, account_id) values ($1, $2, $3)'
/** $1 address. */
export const LOCK_HOLDER = `select ${ACCOUNT} from account where lower(email) = lower($1) for no key update`
