import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway'
import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { Logger } from '@ashlar/kit/log'
import type { Source } from '../data-sources/source.js'
import type { LoadedGraph } from '../load-graph.js'
import { fetchSource } from './fetch-source.js'
import { fetchedDocuments } from './fetched-document.js'

export type ExecutePlan = (plan: QueryPlan, request: GatewayGraphQLRequestContext) => Promise<GatewayExecutionResult>

/**
 * Carries plans out, each fetch by the source of its subgraph's name, and shapes the answers. Where a subgraph fails only its own fields are null.
 * This is Apollo's execution; all that knows about it is in this folder.
 */
export function planExecution(
  { schema, apiSchema, supergraphSchema }: LoadedGraph,
  sources: Readonly<Record<string, Source>>,
  log: Logger,
): ExecutePlan {
  const documents = fetchedDocuments()
  const dataSources: Record<string, GraphQLDataSource> = Object.fromEntries(
    Object.entries(sources).map(([service, source]) => [service, fetchSource({ service, source, supergraphSchema, documents, log })]),
  )
  return async (plan, request) => {
    const { operationName } = request.request
    const operationContext = buildOperationContext({
      schema,
      operationDocument: request.document,
      ...(operationName && { operationName }),
    })
    const { data, errors } = await executeQueryPlan(plan, dataSources, request, operationContext, supergraphSchema, apiSchema)
    // What it adds as `extensions.valueCompletion` would tell what is hidden from what does not exist.
    return { data, ...(errors && { errors }) } as GatewayExecutionResult
  }
}
