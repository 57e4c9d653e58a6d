import type { Identity } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { AshlarError, type ErrorCode, unauthenticated } from '@ashlar/kit/errors'
import { presentFailure } from '@ashlar/kit/failures'
import type { Standing } from '@ashlar/kit/standing'
import { KEY_PREFIX, type KnownKeys } from './known-keys.js'
import type { TokenVerifier } from './token-verifier.js'

/** What stands in `Authorization`: an access token or an API key. */
export class Credentials {
  constructor(
    private readonly deps: Pick<Deps, 'log'>,
    private readonly tokens: TokenVerifier,
    private readonly knownKeys: KnownKeys,
  ) {}

  /**
   * Whose it is; null without a header.
   * @throws UNAUTHENTICATED for anything that is not valid, or no longer; SUBGRAPH_UNAVAILABLE where that can't be told now
   */
  async authenticate(authorization: string | undefined): Promise<Identity | null> {
    if (authorization === undefined || authorization.trim() === '') return null
    return this.told(() => this.identify(tokenIn(authorization)))
  }

  /**
   * How it stands, for who goes on by it; one that has ended has nothing remaining.
   * @throws UNAUTHENTICATED for anything else that is not valid; SUBGRAPH_UNAVAILABLE where that can't be told now
   */
  standing(authorization: string): Promise<Standing> {
    return this.told(async () => {
      const token = tokenIn(authorization)
      return token.startsWith(KEY_PREFIX) ? this.knownKeys.standing(token) : this.tokens.standing(token)
    })
  }

  private async told<T>(find: () => Promise<T>): Promise<T> {
    try {
      return await find()
    } catch (error) {
      if (error instanceof AshlarError) throw error
      const { message, extensions } = presentFailure(error, { log: this.deps.log, service: 'users', writing: false })
      throw new AshlarError(extensions.code as ErrorCode, message, extensions)
    }
  }

  private async identify(token: string): Promise<Identity> {
    if (!token.startsWith(KEY_PREFIX)) return this.tokens.verify(token)
    const identity = await this.knownKeys.identify(token)
    if (!identity) throw refused()
    return identity
  }
}

function tokenIn(authorization: string): string {
  // RFC 6750, 2.1; the scheme's name is written in any case (RFC 9110, 11.1).
  const [, token] = authorization.match(/^Bearer +([\w.~+/-]+=*) *$/i) ?? []
  if (token === undefined) throw refused()
  return token
}

const refused = () => unauthenticated({ message: 'This credential is not valid, or no longer.' })
