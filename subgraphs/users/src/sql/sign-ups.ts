/** A sign-up that waits for its address to be confirmed. */
export interface Pending {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly displayName: string
  readonly passwordHash: string
  readonly guestId: string | null
  readonly fingerprint: Uint8Array | null
}

const PENDING = `id, username, email, display_name as "displayName", password_hash as "passwordHash", guest_id as "guestId", fingerprint`

/** $1 id, $2 username, $3 address, $4 display name, $5 password hash, $6 guest, $7 fingerprint, $8 hours. */
export const ADD_PENDING = `
  insert into pending_sign_up (id, username, email, display_name, password_hash, guest_id, fingerprint, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, clock() + make_interval(hours => $8::int))`

/** $1 id. */
export const PENDING_BY_ID = `select ${PENDING} from pending_sign_up where id = $1 and expires_at > clock()`

/** $1 username, $2 fingerprint, $3 the hours that it lives. One that the same sign-up made within 10 minutes. */
export const PENDING_LATELY = `
  select ${PENDING} from pending_sign_up
  where username = $1 and fingerprint = $2 and expires_at > clock() + make_interval(hours => $3::int) - interval '10 minutes'`

/** $1 id. A row for the one who takes it. */
export const TAKE_PENDING = `delete from pending_sign_up where id = $1 and expires_at > clock() returning ${PENDING}`
