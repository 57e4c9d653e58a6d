import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import { AshlarError } from '../errors.js'
import type { Logger } from '../log.js'
import { Outage } from '../outage.js'
import { ADD_CONSUMER, ADVANCE, CONSUMER_PLACE, DROP_HELD, IS_HELD, MARK_LOST, PLACE_ANEW } from '../sql/consumers.js'
import type { Place } from './cursor.js'
import type { LogEvent, Stretch } from './event-log.js'
import { type HeldTopic, HeldTopics } from './held-topics.js'

/** The door of another service's log: in its process a function, else a signed call. */
export interface LogSource {
  readonly service: string
  /** @throws STALE_CURSOR where the log no longer reaches back to the place */
  read(place: Place, topics: readonly string[] | null, limit: number): Promise<Stretch>
  /** Where the log begins, and where it stands. */
  ends(): Promise<{ readonly first: Place; readonly last: Place }>
  /** Tells the log how far a consumer has come. */
  passed(consumer: string, position: number): Promise<void>
  /** Calls back whenever the log may have moved; answers what ends that. */
  onMoved(listener: () => void): () => void
}

export interface ConsumerDefinition {
  /** Unique in the service, such as `tags.of-posts`. */
  readonly name: string
  readonly source: LogSource
  /** Where it begins the first time: at the log's beginning, or with what happens from then on. */
  readonly from: 'beginning' | 'now'
  /**
   * The effect of one event, in the transaction that moves the place: both are there or neither. Comes at least once all the same,
   * since a log that starts over tells everything again.
   */
  handle(event: LogEvent, sql: Sql): Promise<void>
  /**
   * Reads the source's state instead, where its log does not reach back: no longer, or not to its beginning when the consumer is new. And
   * before it starts over in another epoch.
   */
  reconcile?(): Promise<void>
}

const STRETCH = 100
const LOOK_EVERY_MS = 2_000
const REPORT_EVERY_MS = 60_000

interface Standing extends Place {
  readonly lost: boolean
  readonly held: readonly string[]
}

/**
 * Does what other services' events ask for: in order within a topic, at least once, and in one process at a time, since the place moves by
 * compare-and-set in the transaction of the effect. An event that fails holds back its topic alone.
 */
export class Consumer {
  private running: Promise<void> | null = null
  private again = false
  private stopped = false
  private reportedAt = Number.NEGATIVE_INFINITY
  private unsubscribe: () => void = () => {}
  private timer: NodeJS.Timeout | undefined
  private readonly heldTopics: HeldTopics
  private readonly outage: Outage

  constructor(
    private readonly definition: ConsumerDefinition,
    private readonly db: ServiceDatabase,
    private readonly log: Logger,
  ) {
    this.heldTopics = new HeldTopics(definition, db, log)
    const words = { fails: 'a consumer can not go on; it tries again', worksAgain: 'a consumer goes on again' }
    this.outage = new Outage(log, words, { consumer: definition.name })
  }

  get name(): string {
    return this.definition.name
  }

  start(): void {
    this.unsubscribe = this.definition.source.onMoved(() => void this.run())
    this.timer = setInterval(() => void this.run(), LOOK_EVERY_MS).unref()
    void this.run()
  }

  async stop(): Promise<void> {
    this.stopped = true
    clearInterval(this.timer)
    this.unsubscribe()
    await this.running
  }

  /** Does what there is to do. Those that call meanwhile share the next round. */
  run(): Promise<void> {
    if (this.running) {
      this.again = true
      return this.running
    }
    this.running = this.round()
      .then(
        () => this.outage.succeeded(),
        (error: unknown) => this.outage.failed(error),
      )
      .finally(() => {
        this.running = null
        if (!this.again || this.stopped) return
        this.again = false
        void this.run()
      })
    return this.running
  }

  private async round(): Promise<void> {
    for (let more = true; more && !this.stopped; ) more = await this.goOn()
    for (const due of await this.heldTopics.due()) if (!this.stopped) await this.retry(due)
    await this.report()
  }

  private async standing(): Promise<Standing> {
    const [found] = await this.db.query<Standing>(CONSUMER_PLACE, [this.name])
    if (found) return found
    const { first, last } = await this.definition.source.ends()
    const { from, source, reconcile } = this.definition
    const { epoch, position } = from === 'beginning' ? first : last
    const lost = from === 'beginning' && position > 0 && reconcile !== undefined
    await this.db.query(ADD_CONSUMER, [this.name, source.service, epoch, position, lost])
    return this.standing()
  }

  /** One stretch of the log; answers whether there may be more. */
  private async goOn(): Promise<boolean> {
    const standing = await this.standing()
    if (standing.lost) return this.findBack(standing)
    const stretch = await this.readOrLose(standing)
    if (!stretch) return true
    const held = new Set(standing.held)
    let { position } = standing
    for (const event of stretch.events) {
      if (this.stopped || !(await this.take(event, { ...standing, position }, held))) return !this.stopped
      position = event.position
    }
    return stretch.events.length === STRETCH
  }

  /** Null where the log no longer reaches back to the place, and another one was found. */
  private async readOrLose(place: Place): Promise<Stretch | null> {
    try {
      return await this.definition.source.read(place, null, STRETCH)
    } catch (error) {
      if (!isStale(error)) throw error
    }
    const { first } = await this.definition.source.ends()
    if (first.epoch !== place.epoch) {
      this.log.warn({ consumer: this.name, epoch: first.epoch }, 'the log of another epoch: a consumer starts over')
      // What the source has lost with its epoch no event takes back.
      await this.definition.reconcile?.()
      await this.placeAnew(first)
    } else {
      this.log.error({ consumer: this.name, position: place.position }, 'a consumer is lost: the log no longer reaches back to it')
      await this.db.query(MARK_LOST, [this.name])
    }
    return null
  }

  /**
   * Reads the source's state in place of the events that are gone, then goes on with what has happened since it began to read. Who can't
   * do that is lost until the log is of another epoch.
   */
  private async findBack({ epoch }: Place): Promise<boolean> {
    const { reconcile, source } = this.definition
    const { first, last } = await source.ends()
    if (!reconcile && first.epoch === epoch) return false
    await reconcile?.()
    await this.placeAnew(reconcile ? last : first)
    return true
  }

  private placeAnew({ epoch, position }: Place): Promise<void> {
    return this.db.sqlTransaction(async (sql) => {
      await sql.query(PLACE_ANEW, [this.name, epoch, position])
      await sql.query(DROP_HELD, [this.name])
    })
  }

  /** Effect and place in one. Answers false where another process was quicker. */
  private async take(event: LogEvent, { epoch, position }: Place, held: Set<string>): Promise<boolean> {
    const move = [this.name, epoch, position, event.position]
    try {
      return await this.db.sqlTransaction(async (sql) => {
        const [moved] = await sql.query(ADVANCE, move)
        // Asked again now that the place is ours: whoever caught up with the topic has let it go, and passes by nothing more.
        const waits = moved !== undefined && held.has(event.topic) && (await sql.query(IS_HELD, [this.name, event.topic])).length > 0
        if (moved && !waits) await this.definition.handle(event, sql)
        return moved !== undefined
      })
    } catch (error) {
      return this.hold(event, move, held, error)
    }
  }

  private async hold(event: LogEvent, move: readonly unknown[], held: Set<string>, error: unknown): Promise<boolean> {
    const moved = await this.db.sqlTransaction(async (sql) => {
      const [row] = await sql.query(ADVANCE, move)
      if (row) await this.heldTopics.hold(sql, event, error)
      return row !== undefined
    })
    if (moved) held.add(event.topic)
    return moved
  }

  /** From the event that fails up to where the consumer stands, then the topic is like any other again. */
  private async retry(due: HeldTopic): Promise<void> {
    const standing = await this.standing()
    try {
      let held: HeldTopic | null = due
      for (let place: Place = standing; held && !this.stopped; place = await this.standing()) held = await this.heldTopics.goOn(held, place)
    } catch (error) {
      if (!isStale(error)) throw error
      const { first } = await this.definition.source.ends()
      // Of another epoch since the round began: with the next one the consumer starts over.
      if (first.epoch !== standing.epoch) return
      this.log.error({ consumer: this.name, ...due }, 'a consumer is lost: the log no longer reaches back to a topic that was held back')
      await this.db.query(MARK_LOST, [this.name])
    }
  }

  private async report(): Promise<void> {
    if (performance.now() - this.reportedAt < REPORT_EVERY_MS) return
    const { position, held } = await this.standing()
    // What is held back has not been passed either.
    if (held.length > 0) return
    await this.definition.source.passed(this.name, position)
    this.reportedAt = performance.now()
  }
}

const isStale = (error: unknown): boolean => error instanceof AshlarError && error.code === 'STALE_CURSOR'
