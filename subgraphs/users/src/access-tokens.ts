import { encodeId } from '@ashlar/kit/ids'
import { SignJWT } from 'jose'
import type { Bearer } from './ended-credentials.js'
import type { SigningKeys } from './signing-keys.js'
import { ALGORITHM } from './token-verifier.js'

const LIFETIME_SECONDS = 15 * 60

/** Access tokens: JWTs of 15 minutes, signed with Ed25519. TokenVerifier reads them. */
export class AccessTokens {
  constructor(
    private readonly keys: SigningKeys,
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
}
