import type { Asking } from '@ashlar/kit/caller'
import type { GraphQLFormattedError } from 'graphql'
import type { SubgraphRequest } from '../subgraph.js'

/** What a service said, in the form that GraphQL gives it. */
export interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors: readonly GraphQLFormattedError[]
  /** How long it was, where it came over a network. */
  readonly bytes?: number
  /** No answer yet: the cursor behind which the subscription begins. */
  readonly startsAt?: string
  /** Whether it is known that no text in it needs escaping in JSON. */
  readonly plain?: boolean
}

/** How one service is asked, wherever it runs. */
export interface Source {
  /** Throws, whatever it may be, where the service fails, takes too long or answers what is no answer: `failureOf` makes sense of it. */
  ask(request: SubgraphRequest, asking: Asking): Promise<Answer>
  /**
   * Follows a subscription: each answer as it comes, until the service says that there are no more, or `signal` is aborted. Absent where
   * the service can't be followed. Who asks may be asked again at any time.
   * @throws Unreachable where it does not begin, another Error where it breaks in the middle
   */
  follow?(request: SubgraphRequest, asking: () => Asking, signal: AbortSignal): AsyncGenerator<Answer, void, undefined>
  /** Whether it is not asked for a while, since it kept failing. */
  isLeftAlone?(): boolean
  /** Has what is being asked fail now. Nothing more will be. */
  abort?(reason: Error): void
}

/** Nothing was begun: the service is not there, or takes nobody. */
export class Unreachable extends Error {
  override name = 'Unreachable'
}

/** More came of a subscription than was read: it is taken up again once there is room. */
export class Overrun extends Error {
  override name = 'Overrun'
}
