import type { LogSource } from './consumer.js'
import type { EventLog } from './event-log.js'

/** The door of a log that is in the same process. */
export const localSource = (events: EventLog): LogSource => ({
  service: events.service,
  read: (place, topics, limit) => events.read(place, topics, limit),
  ends: () => events.ends(),
  passed: (consumer, position) => events.passed(consumer, position),
  onMoved: (listener) => events.onMoved(listener),
})
