import type { Asking } from '@ashlar/kit/caller'
import type { AshlarError } from '@ashlar/kit/errors'
import type { AnswerFacts } from './caching/answer-facts.js'
import type { Parts } from './execution/defer/compiled-deferral.js'
import type { ObservedOperation } from './telemetry/observed-operation.js'

/** What of an answer comes later, where its client takes it so. */
export interface Deferral {
  rest: AsyncGenerator<Parts> | null
  /** Nobody waits for the rest any more. */
  stop: () => void
}

/** What goes through Apollo's life cycle with each request. */
export interface GatewayContext {
  readonly asking: Asking
  /** Why the credential was refused; it fails every operation but one of signing in. */
  readonly refused: AshlarError | null
  /** Learns what the answer is made of, where it may be kept or shared. */
  readonly facts?: AnswerFacts
  /** Told what it is and what becomes of it, where somebody watches. */
  readonly observed?: ObservedOperation
  /** Takes what comes later. */
  readonly deferral?: Deferral
}
