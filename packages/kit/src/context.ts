import type { Caller } from './caller.js'
import type { Logger } from './log.js'

/** What a resolver gets: who asks, and what the request may use. Made once a request. */
export interface Context<Services = unknown, Loaders = unknown> {
  readonly caller: Caller
  readonly services: Services
  readonly loaders: Loaders
  readonly log: Logger
  /** Of a subscription: aborted when whoever subscribed has gone. */
  readonly signal?: AbortSignal
}
