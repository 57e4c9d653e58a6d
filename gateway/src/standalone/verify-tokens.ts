import { createHash } from 'node:crypto'
import type { Identity } from '@ashlar/kit/caller'
import { AshlarError, subgraphUnavailable, unauthenticated } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { Standings } from '@ashlar/kit/standing'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Authenticate } from '../http/asking.js'
import { publishedKeys } from './published-keys.js'
import type { TokenSettings } from './settings-parts.js'

/** Nothing longer is looked at. */
const LENGTH_MAX = 16_384
/** Clocks differ. */
const LEEWAY_SECONDS = 5
const RETRY_AFTER_SECONDS = 5
const SCOPES_MAX = 1_000

export interface TokenVerifier {
  readonly authenticate: Authenticate
  /** For streams that go on by a token: until it expires, or its key is published no more. */
  readonly standings: Standings
}

/**
 * Has tokens say who asks: signed with a key that is published (JWKS), by one of the algorithms that are allowed, not expired, by this
 * issuer and for this audience. Of the header only the `kid` is believed, and only as the name of one of those keys. Scopes are what `scope`,
 * `scp` and `permissions` name.
 */
export function verifyTokens({ jwks, issuer, audience, algorithms }: TokenSettings, log: Logger): TokenVerifier {
  const keys = publishedKeys(jwks, log)

  async function read(authorization: string): Promise<Read> {
    const token = authorization.match(/^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1]
    if (!token || token.length > LENGTH_MAX) throw refusal()
    const { payload } = await jwtVerify(token, keys, {
      algorithms: [...algorithms],
      clockTolerance: LEEWAY_SECONDS,
      requiredClaims: ['exp', 'sub'],
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    }).catch((error: unknown) => {
      throw isOfToken(error) ? refusal() : unavailable(error, log)
    })
    return { identity: identityOf(payload, token), expiresAtMs: (payload.exp ?? 0) * 1_000 }
  }

  return {
    authenticate: async (authorization) => (authorization === undefined ? null : (await read(authorization)).identity),
    standings: {
      async of(authorization) {
        const { identity, expiresAtMs } = await read(authorization)
        let remaining: Identity | null = identity
        const expiresInMs = () => expiresAtMs - Date.now()
        return {
          remaining: () => remaining,
          expiresInMs,
          async verify() {
            // One that has expired may be followed by another. Else its key is published no more.
            if (expiresInMs() > 0)
              await read(authorization).catch((error: unknown) => {
                if (error instanceof AshlarError && error.code === 'UNAUTHENTICATED' && expiresInMs() > 0) remaining = null
              })
          },
        }
      },
      fresh: async () => {},
      onEnded: () => () => {},
    },
  }
}

interface Read {
  readonly identity: Identity
  readonly expiresAtMs: number
}

function identityOf(claims: JWTPayload, token: string): Identity {
  const { sub = '', auth_time: authTime } = claims
  return {
    userId: sub,
    role: 'USER',
    credential: 'session',
    credentialId: createHash('sha256').update(token).digest('base64url'),
    scopes: scopesOf(claims),
    authenticatedAt: typeof authTime === 'number' ? new Date(authTime * 1_000) : null,
  }
}

/** `scope` is a text (RFC 8693, 4.2); `scp` and `permissions` are what some issuers write instead, as texts or lists. */
function scopesOf({ scope, scp, permissions }: JWTPayload): readonly string[] {
  const named = [scope, scp, permissions].flatMap((claim) =>
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim.filter((each) => typeof each === 'string') : [],
  )
  return [...new Set(named.filter(Boolean))].slice(0, SCOPES_MAX)
}

const refusal = () => unauthenticated({ message: 'This token is not valid, or no longer.' })

/** Without the keys nobody knows what a token is worth. */
function unavailable(error: unknown, log: Logger) {
  log.error({ err: error }, 'the keys of tokens can not be read')
  return subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
}

const OF_TOKEN = [
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSMultipleMatchingKeys,
  errors.JWKSNoMatchingKey,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWTClaimValidationFailed,
  errors.JWTExpired,
  errors.JWTInvalid,
]
const isOfToken = (error: unknown): boolean => OF_TOKEN.some((kind) => error instanceof kind)
