import { AshlarError } from '../errors.js'
import type { LogSource } from '../events/consumer.js'
import type { Place } from '../events/cursor.js'

export interface ConsumerPlace extends Place {
  readonly lost: boolean
}

export interface Lag {
  /** How many events it has not passed. */
  readonly events: number
  /** Where the log stands. */
  readonly head: number
  /** When the oldest event that it has not passed happened; null where there is none, or where it is gone. */
  readonly oldestAt: Date | null
}

/** How far a consumer that stands at a place is behind the log of its source: one statement there. @throws where it does not answer */
export async function lagBehind(source: LogSource, { epoch, position, lost }: ConsumerPlace): Promise<Lag> {
  if (!lost) {
    const stretch = await source.read({ epoch, position }, null, 1).catch(unlessStale)
    if (stretch) return { events: Math.max(0, stretch.head - position), head: stretch.head, oldestAt: stretch.events[0]?.at ?? null }
  }
  const { first, last } = await source.ends()
  // In another epoch it starts over.
  return { events: last.position - (first.epoch === epoch ? position : first.position), head: last.position, oldestAt: null }
}

function unlessStale(error: unknown): null {
  if (error instanceof AshlarError && error.code === 'STALE_CURSOR') return null
  throw error
}
