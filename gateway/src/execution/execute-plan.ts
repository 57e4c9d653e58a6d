import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { Logger } from '@ashlar/kit/log'
import type { GatewayContext } from '../context.js'
import type { Source } from '../data-sources/source.js'
import type { LoadedGraph } from '../load-graph.js'
import { compileOperation, type Execute } from './compiled-operation.js'

export type ExecutePlan = (plan: QueryPlan, request: GatewayGraphQLRequestContext) => Promise<GatewayExecutionResult>

/** Carries plans out, each fetch by the source of its subgraph's name; each is compiled once, and kept for as long as the plan. */
export function planExecution(
  { schema, supergraphSchema }: LoadedGraph,
  sources: Readonly<Record<string, Source>>,
  log: Logger,
): ExecutePlan {
  const compiled = new WeakMap<QueryPlan, Execute>()
  return async (plan, { document, request, context }) => {
    let execute = compiled.get(plan)
    if (!execute) {
      const planned = { plan, document, operationName: request.operationName ?? null }
      execute = compileOperation(planned, schema, { schema: supergraphSchema, sources, log })
      compiled.set(plan, execute)
    }
    return (await execute(request.variables ?? {}, (context as GatewayContext).asking)) as GatewayExecutionResult
  }
}
