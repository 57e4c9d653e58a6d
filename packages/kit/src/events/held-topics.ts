import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import type { Logger } from '../log.js'
import { ADVANCE_TOPIC, DUE_TOPICS, FAIL_TOPIC, HOLD, IS_HELD_AT, LET_GO } from '../sql/consumers.js'
import type { ConsumerDefinition } from './consumer.js'
import type { Place } from './cursor.js'
import type { LogEvent } from './event-log.js'

/** A topic one of whose events fails: it and those behind it wait. */
export interface HeldTopic {
  readonly topic: string
  /** Of the event that fails, or one behind the last that was done since. */
  readonly position: number
  readonly attempts: number
}

const STRETCH = 100
const RETRY_SECONDS = 1
const RETRY_SECONDS_MAX = 600
const REASON_MAX = 500

/** The topics that a consumer holds back: tried again later and later, and parked after a day. */
export class HeldTopics {
  constructor(
    private readonly definition: Pick<ConsumerDefinition, 'name' | 'source' | 'handle'>,
    private readonly db: ServiceDatabase,
    private readonly log: Logger,
  ) {}

  /** Holds back the topic of an event that failed, in the transaction that passes the event by. */
  async hold(sql: Sql, { topic, position }: LogEvent, error: unknown): Promise<void> {
    await sql.query(HOLD, [this.definition.name, topic, position, RETRY_SECONDS, reasonOf(error)])
    this.log.warn({ err: error, consumer: this.definition.name, topic, position }, 'an event fails: its topic is held back')
  }

  /** Those whose next attempt has come. */
  due(): Promise<HeldTopic[]> {
    return this.db.query(DUE_TOPICS, [this.definition.name])
  }

  /**
   * Does what waits of a topic, as far as the consumer has passed it by. Answers where it then stands, or null where nothing more is to
   * be done now: it is let go, fails again, or another process was quicker. @throws STALE_CURSOR
   */
  async goOn(held: HeldTopic, { epoch, position: standsAt }: Place): Promise<HeldTopic | null> {
    const { name, source } = this.definition
    const { events } = await source.read({ epoch, position: held.position - 1 }, [held.topic], STRETCH)
    const waiting = events.filter((event) => event.position <= standsAt)
    let at = held
    for (const event of waiting) {
      if (!(await this.take(event, at))) return null
      at = { topic: at.topic, position: event.position + 1, attempts: 0 }
    }
    if (waiting.length > 0) return at
    const gone = await this.db.query(LET_GO, [name, at.topic, at.position, standsAt])
    if (gone.length > 0) return null
    // The consumer has passed by more meanwhile.
    return (await this.db.query(IS_HELD_AT, [name, at.topic, at.position])).length > 0 ? at : null
  }

  private async take(event: LogEvent, { topic, position, attempts }: HeldTopic): Promise<boolean> {
    const { name } = this.definition
    try {
      return await this.db.sqlTransaction(async (sql) => {
        const [moved] = await sql.query(ADVANCE_TOPIC, [name, topic, position, event.position + 1])
        if (moved) await this.definition.handle(event, sql)
        return moved !== undefined
      })
    } catch (error) {
      const seconds = Math.min(RETRY_SECONDS * 2 ** attempts, RETRY_SECONDS_MAX)
      const failure = [name, topic, position, seconds, reasonOf(error), event.position]
      const [row] = await this.db.query<{ parked: boolean }>(FAIL_TOPIC, failure)
      if (row?.parked) {
        this.log.error({ err: error, consumer: name, topic, position: event.position }, 'a topic is parked: release it or skip the event')
      }
      return false
    }
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, REASON_MAX)
