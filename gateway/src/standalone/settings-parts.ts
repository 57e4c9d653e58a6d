import type { SharingOptions } from '../sharing/shared-answers.js'

/** Notes what is wrong with a flag, in words. */
export type Fault = (flag: string, message: string) => null

/** Who may ask, and how it is seen that they are who they say. */
export interface TokenSettings {
  /** Where the keys that tokens are signed with are published (RFC 7517). */
  readonly jwks: URL
  /** What tokens have to say of who made them, and for whom; anything unless given. */
  readonly issuer: string | undefined
  readonly audience: string | undefined
  readonly algorithms: readonly string[]
}

export interface CacheSettings extends SharingOptions {
  /** Who bears it may say what has changed; nobody without it. */
  readonly token: string | null
}

const UNIT: Readonly<Record<string, number>> = { '': 1, kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 }
/** Short ones can be guessed. */
const TOKEN_MIN = 16
/** With a public key (RFC 7518, RFC 8037): none, and none by a secret that a published key could be taken for. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

export function readSharing(
  { inFlight, cache, token }: { readonly inFlight: boolean; readonly cache: string | undefined; readonly token: string | undefined },
  fault: Fault,
): CacheSettings {
  const [, digits = '', unit = ''] = cache?.toLowerCase().match(/^(\d{1,12})(kb|mb|gb)?$/) ?? []
  const cacheBytes = Number(digits) * (UNIT[unit] ?? 1)
  if (cache !== undefined && !(cacheBytes > 0)) fault('cache', `is a size such as 64mb, not ${cache}`)
  if (token !== undefined && token.length < TOKEN_MIN) fault('cache-token', `has at least ${TOKEN_MIN} characters`)
  if (token !== undefined && cache === undefined) fault('cache-token', 'is of use with --cache')
  return { inFlight, cacheBytes, token: token ?? null }
}

export function readTokens(
  given: {
    readonly jwks?: string | undefined
    readonly issuer?: string | undefined
    readonly audience?: string | undefined
    readonly algorithm: readonly string[]
  },
  readUrl: (text: string) => URL | null,
  fault: Fault,
): TokenSettings | null {
  const { jwks, issuer, audience, algorithm } = given
  for (const name of algorithm) if (!ALGORITHMS.includes(name)) fault('algorithm', `is one of ${ALGORITHMS.join(', ')}, not ${name}`)
  if (jwks === undefined) {
    if (issuer !== undefined || audience !== undefined || algorithm.length > 0) fault('jwks', 'is needed to see what tokens are worth')
    return null
  }
  const url = readUrl(jwks)
  if (!url) return fault('jwks', 'is an address with http:// or https://')
  return { jwks: url, issuer, audience, algorithms: algorithm.length > 0 ? algorithm : ['RS256', 'ES256', 'EdDSA'] }
}
