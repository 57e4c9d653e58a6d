import { BATCH, expired } from '@ashlar/kit/retention'

/** Each deletes what is past its time. */
export const EXPIRED: readonly string[] = [
  expired('session', 'id', 'expires_at <= clock()'),
  expired('mail_token', 'id', 'expires_at <= clock()'),
  // The sign-up that waited for its mail goes with its name.
  expired('taken_username', 'name', 'expires_at <= clock()'),
  // One that was used stays as long as its session, which a second use ends.
  expired('authorization_code', 'hash', "session_id is null and expires_at < clock() - interval '1 hour'"),
  expired('ending', 'subject_id', "ended_at < clock() - interval '1 hour'"),
  expired('throttle', 'key', "touched_at < clock() - interval '1 day'"),
  `delete from known_address where (account_id, address) in (
    select account_id, address from known_address where signed_in_at < clock() - interval '30 days' limit ${BATCH}) returning 1`,
  expired('api_key', 'id', "expires_at < clock() - interval '30 days'"),
  // Of keys that were replaced no token is left after an hour and a quarter.
  expired(
    'signing_key',
    'generation',
    `exists (select from signing_key next where next.generation > signing_key.generation and next.signs_from < clock() - interval '1 day')`,
  ),
  `update account set sign_up_fingerprint = null, sign_up_key = null where id in (
    select id from account where sign_up_fingerprint is not null and signed_up_at < clock() - interval '7 days' limit ${BATCH}) returning 1`,
]
