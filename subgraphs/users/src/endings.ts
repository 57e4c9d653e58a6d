import type { Identity } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { type Bearer, type Ended, type EndedAt, EndedCredentials, KEPT_SECONDS } from './ended-credentials.js'
import { ENDED_LATELY } from './sql/endings.js'

export type { Ended } from './ended-credentials.js'

const READ_EVERY_MS = 5_000
/** While the database does not answer it is asked this often, and nobody else waits for it. */
const RETRY_MS = 2_000
/** What was read before is read again for this long, since a transaction commits later than it begins. */
const OVERLAP_SECONDS = 30

type Row = { readonly now: Date } & (EndedAt | { readonly id: null })

/**
 * What ended, for the process of the service itself: what this process ended, at once, and what others did, read from the database when
 * the log has moved and every 5 s. The database's time comes along.
 */
export class Endings {
  private readonly credentials = new EndedCredentials()
  private failedAt = Number.NEGATIVE_INFINITY
  private moved = false
  private reading: Promise<void> | null = null

  constructor(private readonly deps: Pick<Deps, 'db' | 'log' | 'events'>) {
    deps.events.onMoved(() => {
      this.moved = true
      // Requests read what they need to know; streams that go on have to be told.
      if (this.credentials.watched) this.fresh().catch(() => {})
    })
  }

  now(): number {
    return this.credentials.now()
  }

  remaining(bearer: Bearer): Identity | null {
    return this.credentials.remaining(bearer)
  }

  isCurrent(): boolean {
    return this.credentials.isCurrent()
  }

  /** How long ago it was last read; infinite before. */
  ageMs(): number {
    return this.credentials.ageMs()
  }

  /** Is told of each one that ends. @returns what ends that */
  onEnded(listener: () => void): () => void {
    return this.credentials.onNoted(listener)
  }

  /** Has this process refuse at once what was ended, and others hear of it; called after the commit and before the answer. */
  add(ended: readonly Ended[]): void {
    for (const each of ended) this.credentials.note(each)
    if (ended.length > 0) this.tell()
  }

  /** What was written to the log goes out. */
  tell(): void {
    void this.deps.events.settle()
  }

  /** Sees to it that the last reading is at most 5 s old. A database that does not answer leaves the one before in force. */
  async fresh(): Promise<void> {
    const { known } = this.credentials
    const due = this.moved || this.credentials.ageMs() >= READ_EVERY_MS
    if (!due || (known && performance.now() - this.failedAt < RETRY_MS)) return
    this.reading ??= this.read(this.credentials.ageMs() / 1_000).finally(() => {
      this.reading = null
    })
    await this.reading.catch((error) => {
      this.failedAt = performance.now()
      this.moved = true
      if (!known) throw error
      this.deps.log.warn({ err: error }, 'what ended could not be read')
    })
  }

  /** What ended in the last so many seconds, for gateways that are processes of their own. */
  async since(seconds: number): Promise<{ readonly now: Date; readonly ended: readonly EndedAt[] }> {
    const rows = await this.deps.db.query<Row>(ENDED_LATELY, [Math.min(seconds, KEPT_SECONDS)])
    const [first] = rows
    if (!first) throw new Error('there is always a row with the time')
    return { now: first.now, ended: rows.filter((row): row is Row & EndedAt => row.id !== null) }
  }

  private async read(ageSeconds: number): Promise<void> {
    this.moved = false
    const { now, ended } = await this.since(ageSeconds + OVERLAP_SECONDS)
    this.credentials.haveRead(now)
    for (const each of ended) this.credentials.note(each, each.endedAt.getTime())
  }
}
