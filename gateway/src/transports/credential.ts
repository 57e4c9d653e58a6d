import type { Asking, Identity } from '@ashlar/kit/caller'
import { type AshlarError, unauthenticated } from '@ashlar/kit/errors'
import type { Standing } from '@ashlar/kit/standing'
import type { From } from '../http/asking.js'
import { narrowScopes } from '../http/narrow-scopes.js'
import type { Listener } from '../streams/stream.js'

/** Why a credential is none any more: its time is over, and a newer one may follow; or it has ended. */
export type Ending = 'EXPIRED' | 'ENDED'

export interface CredentialOptions {
  readonly from: From
  readonly standing: Standing | null
  readonly refused: AshlarError | null
  /** The scopes that it is narrowed to. */
  readonly scopes: string | undefined
  readonly services: () => ReadonlySet<string>
  /** Until it is known again who has ended; null where it is known. */
  readonly held: () => Promise<void> | null
}

/** Who listens, as what was brought for it stands now. Without a credential: nobody, from there. */
export class Credential implements Listener {
  readonly refused: AshlarError | null
  /** Why it was none from the beginning. */
  readonly endedBefore: Ending | null
  private identity: Identity | null = null
  private now: Asking

  constructor(private readonly options: CredentialOptions) {
    this.now = { identity: null, reply: {}, ...options.from }
    this.endedBefore = this.look()
    this.refused = options.refused ?? (this.endedBefore && noLonger())
  }

  /** The user's uuid; null for nobody. */
  get userId(): string | null {
    return this.identity?.userId ?? null
  }

  /** Whether there is anything of it that could end. */
  get endsSometime(): boolean {
    return this.options.standing !== null && !this.endedBefore
  }

  asking(): Asking {
    // One that was none from the beginning has been refused; what it does not keep from being asked is asked as nobody.
    if (this.endsSometime && !this.identity) throw noLonger()
    return this.now
  }

  held(): Promise<void> | null {
    return this.endsSometime ? this.options.held() : null
  }

  /**
   * Looks at how it stands; what may be done by it is what is left of it from then on.
   * @param graceMs for how long one that has expired is let go on, where a newer one may come
   * @returns why it is none any more; null while it is
   */
  look(graceMs = 0): Ending | null {
    const { standing, scopes, services, from } = this.options
    if (!standing) return null
    const remaining = standing.remaining()
    const leftMs = standing.expiresInMs()
    const ending = !remaining ? 'ENDED' : leftMs !== null && leftMs <= -graceMs ? 'EXPIRED' : null
    if (ending || !remaining) {
      this.identity = null
      return ending
    }
    if (this.identity && isSame(this.identity, remaining)) return null
    this.identity = remaining
    // The same object for as long as it says the same, so that what is asked as the same person is seen to be.
    this.now = { identity: narrowScopes(remaining, scopes, services()), reply: {}, ...from }
    return null
  }

  /** Has it verified anew, where not all that can happen to it is told. */
  async verify(): Promise<void> {
    await this.options.standing?.verify?.()
  }
}

/** What ends a stream with its credential. */
export const noLonger = (): AshlarError => unauthenticated({ message: 'This credential is not valid, or no longer.' })

const isSame = (one: Identity, other: Identity): boolean =>
  one === other || (one.role === other.role && one.scopes.join(' ') === other.scopes.join(' '))
