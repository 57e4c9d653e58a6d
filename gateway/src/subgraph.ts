import type { Asking } from '@ashlar/kit/caller'
import type { GraphQLFormattedError } from 'graphql'
import type { Source } from './data-sources/source.js'

export interface SubgraphRequest {
  readonly query: string
  readonly operationName?: string | null
  readonly variables: Readonly<Record<string, unknown>>
  /** The same as the JSON that goes over HTTP, where it is there already: `variables` need not be read then. */
  readonly body?: string
  /** Of a subscription: the variable that takes a cursor; where that is null, the service may say first behind which one it begins. */
  readonly startingBy?: string
  /** Whether it may change something; it is taken to, unless said otherwise. */
  readonly writing?: boolean
  /** How many entities it is about; of none it is where it does not say. */
  readonly entities?: number
}

export interface SubgraphResult {
  readonly extensions?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly GraphQLFormattedError[]
}

/** A service in this process as the gateway sees it: its schema, and a way to ask it. */
export interface GatewaySubgraph {
  readonly name: string
  readonly sdl: string
  /** Asks as whoever `asking` says. A throw means that the service can't answer now. */
  execute(request: SubgraphRequest, asking: Asking): Promise<SubgraphResult>
  /** Follows a subscription, or answers the one result that says why not. Absent for a service that has none. */
  subscribe?(
    request: SubgraphRequest,
    asking: () => Asking,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<SubgraphResult, void, undefined> | SubgraphResult>
}

/** The same for one that is a process of its own. */
export interface RemoteSubgraph {
  readonly name: string
  readonly sdl: string
  readonly source: Source
}

export type AnySubgraph = GatewaySubgraph | RemoteSubgraph
