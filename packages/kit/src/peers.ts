import type { Door } from './define-subgraph.js'
import { DoorClient } from './doors-client.js'
import type { Bus } from './events/bus.js'
import type { LogSource } from './events/consumer.js'
import type { EventLog } from './events/event-log.js'
import { localSource } from './events/local-source.js'
import { remoteSource } from './events/remote-source.js'
import { StartError } from './process-life.js'
import type { Statements } from './statements.js'

/** Another built-in service as this one meets it: in the same process by functions, else by signed calls. Never by its tables. */
export interface Peer {
  readonly log: LogSource
  /** Asks one of its doors, as the system, in JSON. @throws what the door throws; SUBGRAPH_UNAVAILABLE */
  ask<Result>(door: string, input: unknown): Promise<Result>
}

/** The other services, by name. @throws StartError for one of which nothing says where it is */
export type Peers = (service: string) => Peer

/** What a service in the same process lets others have of it. */
export interface LocalPeer {
  readonly events: EventLog
  readonly doors: Readonly<Record<string, Door>>
}

/** Services in one process; asked for once they have all started. */
export const localPeers =
  (running: ReadonlyMap<string, LocalPeer>): Peers =>
  (service) => {
    const found = running.get(service)
    if (!found) throw new StartError(`The service ${service} does not run here.`)
    return {
      log: localSource(found.events),
      async ask<Result>(door: string, input: unknown) {
        const answer = found.doors[door]
        if (!answer) throw new Error(`${service} has no door ${door}`)
        // As it would come out of another process.
        return throughJson(await answer(throughJson(input))) as Result
      },
    }
  }

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

export interface RemotePeersOptions {
  /** SERVICE_URLS. */
  readonly urls: Readonly<Record<string, URL>>
  readonly statements: Statements
  readonly bus: Bus
}

/** Services that are processes of their own. Their connections are opened when they are asked, and closed by `close`. */
export function remotePeers({ urls, statements, bus }: RemotePeersOptions): { readonly peers: Peers; close(): Promise<void> } {
  const doors = new Map<string, DoorClient>()
  const doorTo = (audience: string): DoorClient => {
    const url = urls[audience]
    if (!url) throw new StartError(`SERVICE_URLS does not say where ${audience} answers.`)
    const door = doors.get(audience) ?? new DoorClient({ audience, url, statements })
    doors.set(audience, door)
    return door
  }
  return {
    peers(service) {
      const door = doorTo(service)
      return { log: remoteSource(door, bus), ask: (name, input) => door.call(`/doors/${name}`, input) }
    },
    async close() {
      await Promise.all([...doors.values()].map((door) => door.close()))
    },
  }
}
