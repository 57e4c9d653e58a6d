import { GraphQLDataSourceRequestKind } from '@apollo/gateway'
import { AshlarError, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { type DocumentNode, type GraphQLFormattedError, Kind, OperationTypeNode, parse } from 'graphql'
import type { GatewayContext } from '../context.js'
import type { Limits } from '../limits.js'
import type { GatewaySubgraph, SubgraphRequest, SubgraphResult } from '../subgraph.js'
import type { DataSource } from './data-source.js'

/**
 * Asks a service that runs in this process. Never throws: a service that fails or takes too long is SUBGRAPH_UNAVAILABLE, at each
 * field that it was asked for, and what it said goes to the log alone.
 */
export function inProcess(subgraph: GatewaySubgraph, { fetchMs }: Limits, log: Logger): DataSource {
  return {
    async process(options) {
      if (options.kind !== GraphQLDataSourceRequestKind.INCOMING_OPERATION) return { data: {} }
      const { query = '', operationName, variables = {} } = options.request
      const { asking } = options.context as GatewayContext
      const request: SubgraphRequest = { query, operationName: operationName ?? null, variables }
      try {
        return mutable(await withDeadline(subgraph.execute(request, asking), fetchMs))
      } catch (error) {
        log.error({ err: error, service: subgraph.name, requestId: asking.request.id }, 'a service did not answer')
        return { data: null, errors: failures(parse(query, { noLocation: true }), error) }
      }
    },
  }
}

/** Apollo's execution merges into what it gets; the result is the fetch's own. */
const mutable = ({ data, errors }: SubgraphResult) => ({ data: data ?? null, ...(errors && { errors }) }) as never

async function withDeadline<Value>(value: Promise<Value>, limitMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const overrun = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs)
  })
  return Promise.race([value, overrun]).finally(() => clearTimeout(timer))
}

function failures(document: DocumentNode, error: unknown): never {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  const writing = operation?.operation === OperationTypeNode.MUTATION
  const { message, extensions } =
    error instanceof AshlarError && error.code === 'SUBGRAPH_UNAVAILABLE'
      ? error
      : subgraphUnavailable({ retryAfterSeconds: 5, ...(writing && { outcome: 'UNKNOWN' }) })
  const fields =
    operation?.selectionSet.selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.alias?.value ?? node.name.value] : [])) ?? []
  // Of an entity fetch the first entity stands for all of them: one service that is down is one error.
  const paths = fields.map((field) => (field === '_entities' ? [field, 0] : [field]))
  return paths.map((path): GraphQLFormattedError => ({ message, path, extensions })) as never
}
