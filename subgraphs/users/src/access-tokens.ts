import type { Identity, Role } from '@ashlar/kit/caller'
import { unauthenticated } from '@ashlar/kit/errors'
import { decodeAnyId, encodeId } from '@ashlar/kit/ids'
import { jwtVerify, SignJWT } from 'jose'
import type { Endings } from './endings.js'
import { ALGORITHM, type SigningKeys } from './signing-keys.js'

const LIFETIME_SECONDS = 15 * 60
/** A token of ours has about 700 characters; nothing longer is looked at. */
const MAX_LENGTH = 4_096

export interface Bearer {
  readonly identity: Identity
  /** The account's generation when the token was made. */
  readonly generation: number
}

/** Access tokens: JWTs of 15 minutes, signed with Ed25519. */
export class AccessTokens {
  constructor(
    private readonly keys: SigningKeys,
    private readonly endings: Endings,
    private readonly issuer: string,
  ) {}

  /** A token for the bearer, as of `now`, the database's time. */
  async issue({ identity, generation }: Bearer, now: Date): Promise<{ token: string; expiresAt: Date }> {
    const { kid, key } = await this.keys.signing()
    const issuedAt = Math.floor(now.getTime() / 1000)
    const token = await new SignJWT({
      sid: encodeId('session', identity.credentialId),
      scope: identity.scopes.join(' '),
      role: identity.role,
      auth_time: Math.floor((identity.authenticatedAt ?? now).getTime() / 1000),
      app: identity.credential === 'app',
      gen: generation,
    })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: 'at+jwt' })
      .setIssuer(this.issuer)
      .setAudience(this.issuer)
      .setSubject(encodeId('user', identity.userId))
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + LIFETIME_SECONDS)
      .sign(key)
    return { token, expiresAt: new Date((issuedAt + LIFETIME_SECONDS) * 1000) }
  }

  /** Whose token it is. @throws UNAUTHENTICATED for one that is malformed, foreign, expired or ended. */
  async verify(token: string): Promise<Identity> {
    if (token.length > MAX_LENGTH) throw unauthenticated({ message: 'This token is not valid.' })
    await this.endings.fresh()
    const bearer = await this.read(token)
    if (!bearer || this.endings.hasEnded({ ...bearer.identity, generation: bearer.generation })) {
      throw unauthenticated({ message: 'This token is not valid, or no longer.' })
    }
    return bearer.identity
  }

  private async read(token: string): Promise<Bearer | null> {
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
    return verified && bearerOf(verified.payload)
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
