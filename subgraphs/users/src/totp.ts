import { randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'

/** RFC 6238 with what every authenticator app takes for granted. */
const PERIOD_SECONDS = 30
const DIGITS = 6
const SECRET_BYTES = 20
/** A step before and after, for clocks that differ and people who type slowly. */
const WINDOW_STEPS = 1

const RECOVERY_CODES = 10
/** 80 bits each, so that a plain hash of one can be kept. */
const RECOVERY_BYTES = 10

const totp = (secret: Uint8Array, label = '', issuer = ''): TOTP =>
  new TOTP({ secret: new Secret({ buffer: new Uint8Array(secret).buffer }), issuer, label, digits: DIGITS, period: PERIOD_SECONDS })

export const newTotpSecret = (): Buffer => randomBytes(SECRET_BYTES)

/** The secret as a person can type it, and as an authenticator app scans it. */
export function otpauthOf(secret: Uint8Array, username: string, issuer: string): { readonly secret: string; readonly otpauthUri: string } {
  const made = totp(secret, username, issuer)
  return { secret: made.secret.base32, otpauthUri: made.toString() }
}

/** The 30 s step that a code belongs to, within one of `now`; null for a wrong code. */
export function stepOf(secret: Uint8Array, code: string, now: Date): number | null {
  const delta = totp(secret).validate({ token: code, timestamp: now.getTime(), window: WINDOW_STEPS })
  return delta === null ? null : Math.floor(now.getTime() / 1_000 / PERIOD_SECONDS) + delta
}

/** Codes to keep somewhere safe, each good for once: `abcd-efgh-ijkl-mnop`. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => {
    const letters = new Secret({ buffer: new Uint8Array(randomBytes(RECOVERY_BYTES)).buffer }).base32.toLowerCase()
    return (letters.match(/.{4}/g) ?? []).join('-')
  })

/** A code as it was meant, however it was typed. */
export const normaliseCode = (code: string): string => code.slice(0, 100).toLowerCase().replace(/[\s-]/g, '')

export const isTotpCode = (code: string): boolean => /^\d{6}$/.test(code)
