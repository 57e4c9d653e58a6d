import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Config } from './config.js'
import { type Bus, memoryBus } from './events/bus.js'
import { EventLog } from './events/event-log.js'
import { LiveReader } from './events/live-reader.js'
import { createJobQueue, type JobQueue } from './jobs.js'
import type { Logger } from './log.js'
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
}

export interface OpenDeps extends Deps {
  /** Ends what runs by itself. The database and the bus are closed by who opened them. */
  close(): Promise<void>
}

/** Everything of one instance of a service, over its database. `bus` and `peers` are the process's; alone without. */
export function openDeps({
  db,
  config,
  log,
  bus = memoryBus(),
  peers = localPeers(new Map()),
}: Pick<Deps, 'db' | 'config' | 'log'> & { readonly bus?: Bus; readonly peers?: Peers }): OpenDeps {
  const events = new EventLog(db, bus, log)
  const live = new LiveReader(events, log)
  return {
    db,
    config,
    log,
    jobs: createJobQueue(db, log),
    events,
    live,
    peers,
    async close() {
      await live.close()
      await events.close()
    },
  }
}
