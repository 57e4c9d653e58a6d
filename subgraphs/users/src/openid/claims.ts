/** Who a provider says has signed in there. */
export interface OpenIdClaims {
  readonly issuer: string
  /** The provider's own id of the person; with the issuer, what an account is linked by. */
  readonly subject: string
  readonly email: string | null
  /** Whether the provider itself has seen that the address is theirs. */
  readonly emailVerified: boolean
  readonly name: string | null
}

type RawClaims = Readonly<Record<string, unknown>> & { readonly iss: string }

/**
 * Only what we use of the claims, each in its right type and bounded: a provider may have let its people write anything.
 * Throws where there is no usable id of the person.
 */
export function claimsOf(claims: RawClaims): OpenIdClaims {
  const { iss, sub, email, email_verified: verified, name, preferred_username: preferred } = claims
  if (typeof sub !== 'string' || !SUBJECT.test(sub)) throw new Error("the provider's id of the person is none")
  const address = typeof email === 'string' && EMAIL.test(email) ? email : null
  return {
    issuer: iss,
    subject: sub,
    email: address,
    // Some providers, Apple among them, write it as text.
    emailVerified: address !== null && (verified === true || verified === 'true'),
    name: nameOf(name) ?? nameOf(preferred),
  }
}

/** Core, 2: at most 255 ASCII characters. Some write others; nobody writes control characters. */
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u
/** One mailbox of RFC 5321's length. Its finer form is the accounts' affair. */
const EMAIL = /^(?=.{3,254}$)[^\p{Cc}\p{Cs}\p{Z}<>,;@]{1,64}@[^\p{Cc}\p{Cs}\p{Z}<>,;@]+$/u
const NAME_MAX = 300

function nameOf(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const name = value
    .slice(0, 4 * NAME_MAX)
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim()
  return [...name].slice(0, NAME_MAX).join('') || null
}
