import type { Caller } from './caller.js'
import type { Logger } from './log.js'

/** What a resolver gets: who asks, and what the request may use. Made once a request. */
export interface Context<Services = unknown, Loaders = unknown> {
  readonly caller: Caller
  readonly services: Services
  readonly loaders: Loaders
  readonly log: Logger
  /** Aborted when whoever asks has gone; in a subscription that is how its source ends. */
  readonly signal: AbortSignal
  /** In a subscription, which lasts: who asks as of now, since a role may have been taken meanwhile. */
  readonly callerNow: () => Caller
}
