import type { Asking } from '@ashlar/kit/caller'
import type { GraphQLFormattedError } from 'graphql'
import type { SubgraphRequest } from '../subgraph.js'

/** What a service said, in the form that GraphQL gives it. */
export interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors: readonly GraphQLFormattedError[]
}

/** How one service is asked, wherever it runs. */
export interface Source {
  /** Throws, whatever it may be, where the service fails, takes too long or answers what is no answer: `failureOf` makes sense of it. */
  ask(request: SubgraphRequest, asking: Asking): Promise<Answer>
}
