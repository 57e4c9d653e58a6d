import type { Logger } from '@ashlar/kit/log'
import type { ServiceDatabase } from '@ashlar/database/service-database'

const READ_EVERY_MS = 5_000
/** Longer than an access token lives. */
const KEPT_MS = 20 * 60_000

const ENDED_LATELY = `
  select subject_id as id, below_generation as "belowGeneration", ended_at as "endedAt", clock() as now
  from ending where ended_at > clock() - interval '20 minutes'
  union all select null, null, null, clock()`

interface Row {
  readonly id: string | null
  readonly belowGeneration: number | null
  readonly endedAt: Date | null
  readonly now: Date
}

/**
 * The sessions and users whose access tokens are refused before they expire. Read from the database after each ending of this
 * process's own, and every 5 s for those of others; the database's time comes along.
 */
export class Endings {
  private readonly ended = new Map<string, { readonly belowGeneration: number | null; readonly at: number }>()
  private readAt = Number.NEGATIVE_INFINITY
  private offset = 0
  private reading: Promise<void> | null = null

  constructor(
    private readonly db: ServiceDatabase,
    private readonly log: Logger,
  ) {}

  /** The database's time, in milliseconds, as of the last reading and the monotonic clock since. */
  now(): number {
    return performance.now() + this.offset
  }

  /** Reads what ended, now: whoever ended something awaits it before the answer. */
  async read(): Promise<void> {
    const rows = await this.db.query<Row>(ENDED_LATELY)
    this.readAt = performance.now()
    for (const { id, belowGeneration, endedAt, now } of rows) {
      if (id && endedAt) this.ended.set(id, { belowGeneration, at: endedAt.getTime() })
      else this.offset = now.getTime() - this.readAt
    }
    const forgotten = this.now() - KEPT_MS
    for (const [id, { at }] of this.ended) if (at < forgotten) this.ended.delete(id)
  }

  /** Sees to it that the last reading is at most 5 s old. A database that does not answer leaves the one before in force. */
  async fresh(): Promise<void> {
    if (performance.now() - this.readAt < READ_EVERY_MS) return
    this.reading ??= this.read().finally(() => {
      this.reading = null
    })
    await this.reading.catch((error) => {
      if (this.readAt === Number.NEGATIVE_INFINITY) throw error
      this.log.warn({ err: error }, 'what ended could not be read')
    })
  }

  hasEnded(token: { readonly sessionId: string; readonly userId: string; readonly generation: number }): boolean {
    const user = this.ended.get(token.userId)
    return this.ended.has(token.sessionId) || (user !== undefined && token.generation < (user.belowGeneration ?? Number.POSITIVE_INFINITY))
  }
}
