import { randomUUID } from 'node:crypto'
import { AshlarError, internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { Outage } from '@ashlar/kit/outage'
import type { Standing, Standings } from '@ashlar/kit/standing'
import type { Authenticate, From, Shown } from '../http/asking.js'
import { Credential } from './credential.js'

/** Without a word about it, it is looked at this often; with one, at once, but not more often than the other. */
const LOOK_EVERY_MS = 2_000
const LOOK_AT_MOST_EVERY_MS = 100
/** What is not told by itself is verified anew this often. */
const VERIFY_EVERY_MS = 30_000

/** Who goes on by a credential, and is told how it stands. */
export interface Holder {
  credential(): Credential
  /** Looks at its credential, and ends what goes on by it where it is none any more. */
  look(): void
}

export interface CredentialWatchOptions {
  readonly authenticate: Authenticate
  /** Without it, a credential is verified anew from time to time. */
  readonly standings?: Standings | undefined
  /** Whether it is known well enough what has ended. */
  readonly isCurrent: () => boolean
  readonly services: () => ReadonlySet<string>
  readonly log: Logger
}

/** Sees to it that nothing goes on by a credential that has ended: one look for all of them, and none while there are none. */
export class CredentialWatch {
  private readonly standings: Standings
  private readonly holders = new Set<Holder>()
  private readonly outage: Outage
  private timers: NodeJS.Timeout[] = []
  private unsubscribe = () => {}
  private soon: NodeJS.Timeout | undefined
  private verifying = false
  private release = () => {}
  /** Until it is known again who has ended; null where it is known. */
  private unknown: Promise<void> | null = null

  constructor(private readonly options: CredentialWatchOptions) {
    this.standings = options.standings ?? verifiedAnew(options.authenticate)
    this.outage = new Outage(options.log, {
      fails: 'it can not be read which credentials have ended; events for those who have signed in wait meanwhile',
      worksAgain: 'it can be read again which credentials have ended',
    })
  }

  /** How many are watched. */
  get count(): number {
    return this.holders.size
  }

  /** Takes what a client shows. Never throws: what is wrong with it is in `refused`. */
  async credentialOf({ authorization, scopes }: Shown, from: From): Promise<Credential> {
    const { services } = this.options
    const { standing, refused } = await this.standingOf(authorization, from.request.id)
    return new Credential({ from, standing, refused, scopes, services, held: () => this.unknown })
  }

  add(holder: Holder): void {
    if (!holder.credential().endsSometime) return
    this.holders.add(holder)
    if (this.holders.size > 1) return
    this.unsubscribe = this.standings.onEnded(() => this.lookSoon())
    this.timers = [
      setInterval(() => void this.look(), LOOK_EVERY_MS).unref(),
      setInterval(() => void this.verify(), VERIFY_EVERY_MS).unref(),
    ]
  }

  delete(holder: Holder): void {
    if (!this.holders.delete(holder) || this.holders.size > 0) return
    this.unsubscribe()
    clearTimeout(this.soon)
    this.soon = undefined
    for (const timer of this.timers.splice(0)) clearInterval(timer)
    // Nobody looks any more: whatever still waits must not wait for the next one who comes.
    this.unknown = null
    this.release()
  }

  private async standingOf(authorization: string | undefined, requestId: string) {
    if (authorization === undefined || authorization.trim() === '') return { standing: null, refused: null }
    try {
      return { standing: await this.standings.of(authorization), refused: null }
    } catch (error) {
      if (error instanceof AshlarError) return { standing: null, refused: error }
      const refused = internalServerError(randomUUID())
      this.options.log.error({ err: error, requestId, errorId: refused.extensions.errorId }, 'a credential could not be checked')
      return { standing: null, refused }
    }
  }

  private lookSoon(): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined
      this.lookAtAll()
    }, LOOK_AT_MOST_EVERY_MS).unref()
  }

  private async look(): Promise<void> {
    await this.standings.fresh().then(
      () => this.outage.succeeded(),
      (error: unknown) => this.outage.failed(error),
    )
    this.lookAtAll()
  }

  private lookAtAll(): void {
    const current = this.options.isCurrent()
    if (!current)
      this.unknown ??= new Promise((resolve) => {
        this.release = resolve
      })
    for (const holder of [...this.holders]) holder.look()
    if (!current) return
    // Whoever has ended meanwhile is gone before the others hear what they missed.
    this.unknown = null
    this.release()
  }

  private async verify(): Promise<void> {
    if (this.verifying) return
    this.verifying = true
    for (const holder of [...this.holders])
      await holder
        .credential()
        .verify()
        .catch((error: unknown) => this.options.log.debug({ err: error }, 'a credential could not be verified anew'))
    this.verifying = false
    this.lookAtAll()
  }
}

/** How credentials stand by nothing but a way to verify them: as of the last time. */
const verifiedAnew = (authenticate: Authenticate): Standings => ({
  async of(authorization): Promise<Standing> {
    let identity = await authenticate(authorization)
    let expired = false
    return {
      remaining: () => identity,
      expiresInMs: () => (expired ? Number.NEGATIVE_INFINITY : null),
      async verify() {
        try {
          identity = await authenticate(authorization)
        } catch (error) {
          if (!(error instanceof AshlarError) || error.code !== 'UNAUTHENTICATED') throw error
          expired = true
        }
      },
    }
  },
  fresh: async () => {},
  onEnded: () => () => {},
})
