import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Config } from './config.js'
import { type Bus, memoryBus } from './events/bus.js'
import { EventLog } from './events/event-log.js'
import { LiveReader } from './events/live-reader.js'
import { createJobQueue, type JobQueue } from './jobs.js'
import type { Logger } from './log.js'
import { jobDurations } from './metrics/families.js'
import { type ServiceMetrics, serviceMetrics } from './metrics/service-metrics.js'
import { Metrics } from './metrics.js'
import { localPeers, type Peers } from './peers.js'

/** What a service is made of; each instance has its own, so that one process can hold several. */
export interface Deps {
  readonly db: ServiceDatabase
  readonly config: Config
  readonly log: Logger
  readonly jobs: JobQueue
  /** What happens in this service, for those who subscribe and for other services. */
  readonly events: EventLog
  /** Those events as they happen. */
  readonly live: LiveReader
  /** The other services, once all have started: what happens there, and what they answer at their doors. */
  readonly peers: Peers
  /** What is measured of this service, for whoever runs it. */
  readonly metrics: ServiceMetrics
}

export interface OpenDeps extends Deps {
  /** Ends what runs by itself. The database and the bus are closed by who opened them. */
  close(): Promise<void>
}

/** Everything of one instance of a service, over its database. `bus`, `peers` and `metrics` are the process's; alone without. */
export function openDeps({
  db,
  config,
  log,
  bus = memoryBus(),
  peers = localPeers(new Map()),
  metrics = new Metrics(log),
}: Pick<Deps, 'db' | 'config' | 'log'> & { readonly bus?: Bus; readonly peers?: Peers; readonly metrics?: Metrics }): OpenDeps {
  const events = new EventLog(db, bus, log)
  const live = new LiveReader(events, log)
  const measures = metrics.of(db.service)
  const jobRan = measures.durations(jobDurations)
  const jobs = createJobQueue(db, log, ({ kind, outcome, seconds }) => jobRan({ kind, outcome }, seconds))
  return {
    db,
    config,
    log,
    jobs,
    events,
    live,
    peers,
    metrics: serviceMetrics({ measures, db, log, events, live, jobs }),
    async close() {
      measures.close()
      await live.close()
      await events.close()
    },
  }
}
