import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import { type AshlarError, staleCursor } from '../errors.js'
import type { Logger } from '../log.js'
import { REPORT_READER } from '../sql/consumers.js'
import { APPEND, HEAD, POSITION_EVENTS, READ_ALL, READ_TOPICS } from '../sql/events.js'
import type { Bus } from './bus.js'
import { decodePlace, encodePlace, type Place } from './cursor.js'

export interface NewEvent {
  /** Whom it concerns: what subscribers and pages filter by. */
  readonly topic: string
  /** Such as `post.published`. */
  readonly type: string
  /** Ids and few scalars, never content. */
  readonly data: Readonly<Record<string, unknown>>
}

export interface LogEvent extends NewEvent {
  readonly position: number
  readonly cursor: string
  /** The time of the commit, by the database. */
  readonly at: Date
}

/** A piece of the log as of one moment. */
export interface Stretch {
  readonly events: readonly LogEvent[]
  /** Up to where the log had positions at that moment. */
  readonly head: number
  readonly epoch: string
}

/** How many events one statement gives positions to. */
const BATCH = 1_000
/** How often each process looks whether the log has moved: late is allowed, lost is not. */
const LOOK_WITH_BUS_MS = 9_000
const LOOK_WITHOUT_BUS_MS = 2_000

interface HeadRow {
  readonly head: number
  readonly floor: number
  readonly epoch: string
}

type ReadRow = HeadRow & ({ readonly position: null } | (Omit<LogEvent, 'cursor'> & { readonly position: number }))

/**
 * A service's log of events. An event is inserted with the change it tells of; after the commit it gets its position, under a lock on
 * the log's head, in the order of insertion: what is read in the order of positions is neither missed nor reordered, whatever else is
 * still uncommitted.
 */
export class EventLog {
  private settling: Promise<void> | null = null
  private settleAgain = false
  private readonly movedListeners = new Set<() => void>()
  private readonly unsubscribe: () => void
  private readonly timer: NodeJS.Timeout
  private knownHead = 0
  private knownEpoch: string | null = null
  private lookedAt = performance.now()
  private staleCursors = 0

  constructor(
    private readonly db: ServiceDatabase,
    private readonly bus: Bus,
    private readonly log: Logger,
  ) {
    // How far a hint says that the log has come is not believed: the next look tells.
    this.unsubscribe = bus.subscribe(db.service, () => this.tell())
    this.timer = setInterval(() => this.lookIfDue(), LOOK_WITHOUT_BUS_MS).unref()
  }

  get service(): string {
    return this.db.service
  }

  /** How often the log has not reached back to a cursor, or been of another epoch. */
  get staleCursorCount(): number {
    return this.staleCursors
  }

  /** Writes an event, last in the transaction of its change; its position comes after the commit. */
  async append(sql: Sql, { topic, type, data }: NewEvent): Promise<void> {
    await sql.query(APPEND, [topic, type, JSON.stringify(data)])
    sql.afterCommit(() => void this.settle())
  }

  /** Where the log stands now, as a cursor. */
  async cursor(): Promise<string> {
    const { head, epoch } = await this.head()
    return encodePlace({ epoch, position: head })
  }

  /** The place that a cursor names; where the log stands now without one. @throws STALE_CURSOR */
  async place(after: string | null | undefined): Promise<Place> {
    const place = after === null || after === undefined ? null : decodePlace(after)
    const { head, floor, epoch } = await this.head()
    if (!place) return { epoch, position: head }
    if (place.epoch !== epoch || place.position > head || place.position < floor) throw this.stale()
    return place
  }

  /** Where the log begins, and where it stands. */
  async ends(): Promise<{ readonly first: Place; readonly last: Place }> {
    const { head, floor, epoch } = await this.head()
    return { first: { epoch, position: floor }, last: { epoch, position: head } }
  }

  /** Writes down how far a consumer has come: what it has not passed is kept a week longer. */
  async passed(consumer: string, position: number): Promise<void> {
    await this.db.query(REPORT_READER, [consumer, position])
  }

  /**
   * What comes behind a place, in order: one statement.
   * @param topics all of them where null
   * @throws STALE_CURSOR where the log no longer reaches back to it
   */
  async read(place: Place, topics: readonly string[] | null, limit: number): Promise<Stretch> {
    const rows = await (topics
      ? this.db.query<ReadRow>(READ_TOPICS, [place.position, limit, topics])
      : this.db.query<ReadRow>(READ_ALL, [place.position, limit]))
    const [first] = rows
    if (!first) throw new Error('the log has no head')
    const { head, floor, epoch } = first
    if (place.epoch !== epoch || place.position < floor) throw this.stale()
    const events = rows.flatMap((row): LogEvent[] => {
      if (row.position === null) return []
      const { position, at, topic, type, data } = row
      return [{ position, at, topic, type, data, cursor: encodePlace({ epoch, position }) }]
    })
    return { events, head, epoch }
  }

  /** Calls `listener` whenever the log may have moved; answers what ends that. */
  onMoved(listener: () => void): () => void {
    this.movedListeners.add(listener)
    return () => void this.movedListeners.delete(listener)
  }

  /** Gives positions to what has been committed without. Those that call meanwhile share the next round. */
  settle(): Promise<void> {
    if (this.settling) {
      this.settleAgain = true
      return this.settling.then(() => this.settling ?? undefined)
    }
    this.settling = this.positionAll()
      .catch((error: unknown) => this.log.warn({ err: error }, 'events could not be given positions; the next look does it'))
      .finally(() => {
        this.settling = null
        if (!this.settleAgain) return
        this.settleAgain = false
        void this.settle()
      })
    return this.settling
  }

  /** Looks whether the log has moved without a hint, and gives positions to what a process that died has left without. */
  async look(): Promise<void> {
    try {
      const { head, pending, epoch } = await this.head()
      if (pending) await this.settle()
      // Of another epoch the log may be shorter than it was, and quiet: whoever follows it is to find out all the same.
      const anew = epoch !== this.knownEpoch
      this.knownEpoch = epoch
      if (anew) this.knownHead = head
      if (anew || head > this.knownHead) this.moved(head)
    } catch (error) {
      this.log.warn({ err: error }, 'the log could not be looked at')
    }
  }

  async close(): Promise<void> {
    clearInterval(this.timer)
    this.unsubscribe()
    this.movedListeners.clear()
    await this.settling
  }

  private async positionAll(): Promise<void> {
    for (let moved = BATCH; moved >= BATCH; ) {
      const topics = await this.db.query<{ topic: string; position: number; moved: number }>(POSITION_EVENTS, [BATCH])
      moved = topics.reduce((sum, topic) => sum + topic.moved, 0)
      if (topics.length === 0) return
      const head = topics.reduce((last, { position }) => Math.max(last, position), 0)
      this.bus.publish({ service: this.db.service, topics: topics.map(({ topic }) => topic), head })
    }
  }

  private stale(): AshlarError {
    this.staleCursors += 1
    return staleCursor()
  }

  /** A bus may come and go while the process runs. */
  private lookIfDue(): void {
    // Where the next time would be too late, this is the time: what nobody told of is there within 10 s of its commit.
    const nextMs = performance.now() - this.lookedAt + LOOK_WITHOUT_BUS_MS
    if (this.bus.crossesProcesses && nextMs < LOOK_WITH_BUS_MS) return
    this.lookedAt = performance.now()
    void this.look()
  }

  private moved(head: number): void {
    this.knownHead = Math.max(this.knownHead, head)
    this.tell()
  }

  private tell(): void {
    for (const listener of [...this.movedListeners]) listener()
  }

  private async head(): Promise<HeadRow & { readonly pending: boolean }> {
    const [row] = await this.db.query<HeadRow & { pending: boolean }>(HEAD)
    if (!row) throw new Error('the log has no head')
    this.knownEpoch ??= row.epoch
    return row
  }
}
