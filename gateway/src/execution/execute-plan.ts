import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { Logger } from '@ashlar/kit/log'
import type { GatewayContext } from '../context.js'
import type { Source } from '../data-sources/source.js'
import type { LoadedGraph } from '../load-graph.js'
import type { Refusals } from '../rules/refusals.js'
import { compileOperation, type Execute, type Planned } from './compiled-operation.js'
import { type CompiledSubscription, compileSubscription } from './compiled-subscription.js'
import type { Times } from './in-time.js'

export type ExecutePlan = (
  plan: QueryPlan,
  request: GatewayGraphQLRequestContext,
  refusals?: Refusals | null,
) => Promise<GatewayExecutionResult>

/** By what plans are carried out. */
export interface Executing {
  readonly sources: Readonly<Record<string, Source>>
  readonly log: Logger
  readonly times: Times
}

/** Carries plans out, each fetch by the source of its subgraph's name; each is compiled once, and kept for as long as the plan. */
export function planExecution({ schema, supergraphSchema }: LoadedGraph, executing: Executing): ExecutePlan {
  const compiled = new WeakMap<QueryPlan | Refusals, Execute>()
  return async (plan, { document, request, context }, refusals) => {
    const key = refusals ?? plan
    let execute = compiled.get(key)
    if (!execute) {
      const planned = {
        plan,
        document: refusals?.asked ?? document,
        operationName: request.operationName ?? null,
        refusals: refusals ?? null,
      }
      execute = compileOperation(planned, schema, { schema: supergraphSchema, ...executing })
      compiled.set(key, execute)
    }
    return (await execute(request.variables ?? {}, (context as GatewayContext).asking)) as GatewayExecutionResult
  }
}

/** Compiles subscriptions, each plan once for as long as it is kept. */
export function subscriptionCompiler(
  { schema, supergraphSchema }: LoadedGraph,
  executing: Executing,
): (planned: Planned) => CompiledSubscription {
  const compiled = new WeakMap<QueryPlan | Refusals, CompiledSubscription>()
  return (planned) => {
    const key = planned.refusals ?? planned.plan
    const known = compiled.get(key) ?? compileSubscription(planned, schema, { schema: supergraphSchema, ...executing })
    compiled.set(key, known)
    return known
  }
}
