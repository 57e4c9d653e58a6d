import type { Schema } from '@apollo/federation-internals'
import { buildOperationContext, executeQueryPlan } from '@apollo/gateway'
import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { GraphQLSchema } from 'graphql'
import type { DataSource } from '../data-sources/data-source.js'

/** What one version of the graph is executed with. */
export interface Executable {
  /** As clients see it. */
  readonly schema: GraphQLSchema
  readonly apiSchema: Schema
  readonly supergraphSchema: GraphQLSchema
  /** By the name of the subgraph. */
  readonly sources: Readonly<Record<string, DataSource>>
}

/**
 * Carries a plan out and shapes the answer. Where a subgraph fails only its own fields are null.
 * This is Apollo's execution; all that knows about it is here.
 */
export async function executePlan(
  plan: QueryPlan,
  request: GatewayGraphQLRequestContext,
  { schema, apiSchema, supergraphSchema, sources }: Executable,
): Promise<GatewayExecutionResult> {
  const operationContext = buildOperationContext({
    schema,
    operationDocument: request.document,
    ...(request.request.operationName && { operationName: request.request.operationName }),
  })
  const { data, errors } = await executeQueryPlan(plan, { ...sources }, request, operationContext, supergraphSchema, apiSchema)
  // What it adds as `extensions.valueCompletion` would tell what is hidden from what does not exist.
  return { data, ...(errors && { errors }) } as GatewayExecutionResult
}
