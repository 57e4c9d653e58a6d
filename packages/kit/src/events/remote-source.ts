import type { DoorClient } from '../doors-client.js'
import type { Bus } from './bus.js'
import type { LogSource } from './consumer.js'
import type { LogEvent, Stretch } from './event-log.js'

type Written<Event> = Omit<Event, 'at'> & { readonly at: string }

/**
 * The door of a log that is in another process. Hints come over the bus; without one whoever reads looks for themselves.
 * @throws STALE_CURSOR as the log itself; SUBGRAPH_UNAVAILABLE while its process does not answer
 */
export const remoteSource = (door: DoorClient, bus: Bus): LogSource => ({
  service: door.audience,
  async read(place, topics, limit) {
    const { events, head, epoch } = await door.call<Omit<Stretch, 'events'> & { readonly events: readonly Written<LogEvent>[] }>(
      '/log/read',
      {
        place,
        topics,
        limit,
      },
    )
    return { events: events.map((event) => ({ ...event, at: new Date(event.at) })), head, epoch }
  },
  ends: () => door.call('/log/ends', {}),
  passed: (consumer, position) => door.call('/log/passed', { consumer, position }),
  onMoved: (listener) => bus.subscribe(door.audience, listener),
})
