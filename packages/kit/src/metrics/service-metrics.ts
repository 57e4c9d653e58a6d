import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { ConsumerDefinition, LogSource } from '../events/consumer.js'
import type { EventLog } from '../events/event-log.js'
import type { LiveReader } from '../events/live-reader.js'
import type { JobQueue } from '../jobs.js'
import type { Logger } from '../log.js'
import type { Measures } from '../metrics.js'
import type { Sockets } from '../subgraph-sockets.js'
import { families } from './families.js'
import { serviceState, stateFamilies } from './service-state.js'

/** What a service measures: what all have in common, and `value` and `durations` for what is its own. */
export interface ServiceMetrics extends Measures {
  /** Has a consumer that runs here measured against the log that it reads. */
  follow(consumer: Pick<ConsumerDefinition, 'name' | 'source'>): void
  /** Has the sockets of the service's own endpoint counted. */
  countSockets(sockets: Sockets): void
}

export interface ServiceMetricsOptions {
  readonly measures: Measures
  readonly db: ServiceDatabase
  readonly log: Logger
  readonly events: EventLog
  readonly live: LiveReader
  readonly jobs: JobQueue
}

/** Measures what every service has: its database and the way to it, its log, its consumers and its jobs. */
export function serviceMetrics({ measures, db, log, events, live, jobs }: ServiceMetricsOptions): ServiceMetrics {
  const sources = new Map<string, LogSource>()
  const { pool } = db
  // Before the statement of the scrape itself takes one.
  measures.read([families.connections], () => [
    { family: families.connections, labels: { state: 'idle' }, value: pool.idleCount },
    { family: families.connections, labels: { state: 'busy' }, value: pool.totalCount - pool.idleCount },
  ])
  measures.value(families.connectionsMax, () => pool.options.max)
  measures.value(families.connectionsWaiting, () => pool.waitingCount)

  measures.read(stateFamilies, serviceState({ db, log, kinds: () => jobs.kinds(), sources }))
  measures.value(families.logFollowers, () => live.followerCount)
  measures.value(families.logFellBehind, () => live.fellBehindCount)
  measures.value(families.logStaleCursors, () => events.staleCursorCount)

  return {
    ...measures,
    follow: ({ name, source }) => void sources.set(name, source),
    countSockets(sockets) {
      measures.value(families.sockets, () => sockets.count)
      measures.value(families.subscriptions, () => sockets.subscriptionCount)
      measures.value(families.socketsTooSlow, () => sockets.tooSlowCount)
    },
  }
}
