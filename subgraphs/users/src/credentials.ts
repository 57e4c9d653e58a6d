import type { Identity } from '@ashlar/kit/caller'
import { unauthenticated } from '@ashlar/kit/errors'
import type { AccessTokens } from './access-tokens.js'
import { KEY_PREFIX, type KnownKeys } from './known-keys.js'

/** What stands in `Authorization`: an access token or an API key. */
export class Credentials {
  constructor(
    private readonly accessTokens: AccessTokens,
    private readonly knownKeys: KnownKeys,
  ) {}

  /** Whose it is; null without a header. @throws UNAUTHENTICATED for anything that is not valid, or no longer */
  async authenticate(authorization: string | undefined): Promise<Identity | null> {
    if (authorization === undefined || authorization.trim() === '') return null
    // RFC 6750, 2.1; the scheme's name is written in any case (RFC 9110, 11.1).
    const [, token] = authorization.match(/^Bearer +([\w.~+/-]+=*) *$/i) ?? []
    if (token === undefined) throw refused()
    if (!token.startsWith(KEY_PREFIX)) return this.accessTokens.verify(token)
    const identity = await this.knownKeys.identify(token)
    if (!identity) throw refused()
    return identity
  }
}

const refused = () => unauthenticated({ message: 'This credential is not valid, or no longer.' })
