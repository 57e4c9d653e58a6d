import type { Identity, Role } from '@ashlar/kit/caller'
import { unauthenticated } from '@ashlar/kit/errors'
import { decodeAnyId } from '@ashlar/kit/ids'
import type { Standing } from '@ashlar/kit/standing'
import { type CryptoKey, jwtVerify } from 'jose'
import type { Bearer } from './ended-credentials.js'

export const ALGORITHM = 'EdDSA'
/** A token of ours has about 700 characters; nothing longer is looked at. */
const MAX_LENGTH = 4_096

export interface VerifyingKeys {
  /** The key of a token's `kid`; one of ours or none. */
  verifying(kid: string): Promise<CryptoKey | Uint8Array | null>
}

export interface KnownEndings {
  /** The database's time, in milliseconds. */
  now(): number
  /** Sees to it that what is known is recent. */
  fresh(): Promise<void>
  /** What the bearer of a credential may do now; null where it has ended. */
  remaining(bearer: Bearer): Identity | null
}

/** Reads access tokens, in the service itself or in a gateway of its own. */
export class TokenVerifier {
  constructor(
    private readonly keys: VerifyingKeys,
    private readonly endings: KnownEndings,
    private readonly issuer: string,
  ) {}

  /** Whose token it is, and what it may do now. @throws UNAUTHENTICATED for one that is malformed, foreign, expired or ended. */
  async verify(token: string): Promise<Identity> {
    const read = await this.read(token)
    const identity = read && this.endings.remaining(read.bearer)
    if (!identity) throw unauthenticated({ message: 'This token is not valid, or no longer.' })
    return identity
  }

  /** How it stands, for who goes on by it. @throws UNAUTHENTICATED for one that is malformed, foreign or expired */
  async standing(token: string): Promise<Standing> {
    const read = await this.read(token)
    if (!read) throw unauthenticated({ message: 'This token is not valid, or no longer.' })
    const { bearer, expiresAt } = read
    return { remaining: () => this.endings.remaining(bearer), expiresInMs: () => expiresAt - this.endings.now() }
  }

  private async read(token: string): Promise<{ readonly bearer: Bearer; readonly expiresAt: number } | null> {
    if (token.length > MAX_LENGTH) throw unauthenticated({ message: 'This token is not valid.' })
    await this.endings.fresh()
    const verified = await jwtVerify(
      token,
      // Of the header only the `kid` is believed, and only as the name of one of our own keys.
      async ({ kid }) => {
        const key = kid ? await this.keys.verifying(kid) : null
        if (!key) throw unauthenticated({ message: 'This token is not valid.' })
        return key
      },
      {
        algorithms: [ALGORITHM],
        issuer: this.issuer,
        audience: this.issuer,
        typ: 'at+jwt',
        requiredClaims: ['sub', 'sid', 'exp', 'iat'],
        currentDate: new Date(this.endings.now()),
      },
    ).catch((error: unknown) => {
      if (isJoseError(error)) return null
      throw error
    })
    const bearer = verified && bearerOf(verified.payload)
    return bearer && { bearer, expiresAt: Number(verified.payload.exp) * 1_000 }
  }
}

function bearerOf(claims: Record<string, unknown>): Bearer | null {
  const { sub, sid, scope, role, auth_time: authTime, app, gen } = claims
  const user = decodeAnyId(String(sub))
  const session = decodeAnyId(String(sid))
  if (user?.type !== 'user' || session?.type !== 'session') return null
  return {
    generation: Number(gen),
    identity: {
      userId: user.uuid,
      role: role as Role,
      credential: app === true ? 'app' : 'session',
      credentialId: session.uuid,
      scopes: String(scope).split(' ').filter(Boolean),
      authenticatedAt: new Date(Number(authTime) * 1000),
    },
  }
}

const isJoseError = (error: unknown): boolean => error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_J')
