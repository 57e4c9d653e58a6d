import type { Asking } from '@ashlar/kit/caller'
import type { DocumentNode, GraphQLFormattedError } from 'graphql'

export interface SubgraphRequest {
  readonly query: string
  /** The parsed query, where the gateway has it at hand. */
  readonly document?: DocumentNode
  readonly operationName?: string | null
  readonly variables: Readonly<Record<string, unknown>>
}

export interface SubgraphResult {
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the operation's own
  readonly data?: Record<string, any> | null
  readonly errors?: readonly GraphQLFormattedError[]
  readonly extensions?: Record<string, unknown>
}

/** A service as the gateway sees it: its schema, and a way to ask it. */
export interface GatewaySubgraph {
  readonly name: string
  readonly sdl: string
  readonly url?: string
  /** Asks as whoever `asking` says. A throw means that the service can't answer now. */
  execute(request: SubgraphRequest, asking: Asking): Promise<SubgraphResult>
}
