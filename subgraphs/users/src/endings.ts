import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Logger } from '@ashlar/kit/log'
import { ENDED_LATELY } from './sql/endings.js'

const READ_EVERY_MS = 5_000
/** While the database does not answer it is asked this often, and nobody else waits for it. */
const RETRY_MS = 2_000
/** Longer than an access token lives. */
const KEPT_SECONDS = 20 * 60
/** What was read before is read again for this long, since a transaction commits later than it begins. */
const OVERLAP_SECONDS = 30

/** A session, a key, or a user whose tokens of earlier generations are refused. */
export interface Ended {
  readonly id: string
  /** Null: all. */
  readonly belowGeneration: number | null
}

type Row = { readonly now: Date } & ((Ended & { readonly endedAt: Date }) | { readonly id: null })

/**
 * The sessions, keys and users whose credentials are refused before they expire: those that this process ended, at once, and those
 * that others did, read from the database every 5 s. The database's time comes along.
 */
export class Endings {
  private readonly ended = new Map<string, { readonly belowGeneration: number | null; readonly at: number }>()
  private readAt = Number.NEGATIVE_INFINITY
  private failedAt = Number.NEGATIVE_INFINITY
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

  /** Has this process refuse at once what was ended; called after the commit and before the answer. */
  add(ended: readonly Ended[]): void {
    for (const each of ended) this.note(each, this.now())
  }

  /** Sees to it that the last reading is at most 5 s old. A database that does not answer leaves the one before in force. */
  async fresh(): Promise<void> {
    const now = performance.now()
    const known = this.readAt !== Number.NEGATIVE_INFINITY
    if (now - this.readAt < READ_EVERY_MS || (known && now - this.failedAt < RETRY_MS)) return
    this.reading ??= this.read().finally(() => {
      this.reading = null
    })
    await this.reading.catch((error) => {
      this.failedAt = performance.now()
      if (!known) throw error
      this.log.warn({ err: error }, 'what ended could not be read')
    })
  }

  hasEnded({ credentialId, userId, generation }: { credentialId: string; userId: string; generation: number }): boolean {
    const user = this.ended.get(userId)
    return this.ended.has(credentialId) || (user !== undefined && generation < orAll(user.belowGeneration))
  }

  private async read(): Promise<void> {
    const sinceSeconds = (performance.now() - this.readAt) / 1_000 + OVERLAP_SECONDS
    const rows = await this.db.query<Row>(ENDED_LATELY, [Math.min(sinceSeconds, KEPT_SECONDS)])
    this.readAt = performance.now()
    for (const row of rows) {
      if (row.id === null) this.offset = row.now.getTime() - this.readAt
      else this.note(row, row.endedAt.getTime())
    }
    const forgotten = this.now() - KEPT_SECONDS * 1_000
    for (const [id, { at }] of this.ended) if (at < forgotten) this.ended.delete(id)
  }

  // A reading that began before an ending of this process's own must not take it back.
  private note({ id, belowGeneration }: Ended, at: number): void {
    const known = this.ended.get(id)
    if (known && orAll(known.belowGeneration) > orAll(belowGeneration)) return
    this.ended.set(id, { belowGeneration, at })
  }
}

const orAll = (generation: number | null): number => generation ?? Number.POSITIVE_INFINITY
