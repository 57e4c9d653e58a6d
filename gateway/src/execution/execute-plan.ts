import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { Logger } from '@ashlar/kit/log'
import type { GatewayContext } from '../context.js'
import type { Source } from '../data-sources/source.js'
import type { LoadedGraph } from '../load-graph.js'
import type { Refusals } from '../rules/refusals.js'
import { compileOperation, type Execute, type Planned } from './compiled-operation.js'
import { type CompiledSubscription, compileSubscription } from './compiled-subscription.js'
import { compileDeferral, type Deferred, type ExecuteDeferred } from './defer/compiled-deferral.js'
import type { DeferredDocument } from './defer/deferred-document.js'
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
  const compiled = new Compiled<Execute>()
  return async (plan, { document, request, context }, refusals) => {
    const { operationName = null } = request
    const planned = { plan, document: refusals?.asked ?? document, operationName, refusals: refusals ?? null }
    const execute = compiled.of(planned, () => compileOperation(planned, schema, { schema: supergraphSchema, ...executing }))
    return (await execute(request.variables ?? {}, (context as GatewayContext).asking)) as GatewayExecutionResult
  }
}

/** Compiles subscriptions, each plan once for as long as it is kept. */
export function subscriptionCompiler(
  { schema, supergraphSchema }: LoadedGraph,
  executing: Executing,
): (planned: Planned) => CompiledSubscription {
  const compiled = new Compiled<CompiledSubscription>()
  return (planned) => compiled.of(planned, () => compileSubscription(planned, schema, { schema: supergraphSchema, ...executing }))
}

/** What is compiled of a plan, for each outcome of what whoever asks may have; kept for as long as the plan. */
class Compiled<Of> {
  private readonly ofPlans = new WeakMap<QueryPlan, WeakMap<object, Of>>()

  of({ plan, refusals }: Planned, compile: () => Of): Of {
    const key = refusals ?? plan
    const ofPlan = this.ofPlans.get(plan) ?? new WeakMap<object, Of>()
    this.ofPlans.set(plan, ofPlan)
    const known = ofPlan.get(key) ?? compile()
    ofPlan.set(key, known)
    return known
  }
}

export type ExecuteDeferral = (plan: QueryPlan, deferred: DeferredDocument, request: GatewayGraphQLRequestContext) => Promise<Deferred>

/** Carries out plans of which some comes later, each compiled once. */
export function deferralExecution({ schema, supergraphSchema }: LoadedGraph, executing: Executing): ExecuteDeferral {
  const compiled = new WeakMap<QueryPlan, ExecuteDeferred>()
  return (plan, deferred, { request, context }) => {
    const planned = { ...deferred, plan, operationName: request.operationName ?? null }
    const known = compiled.get(plan) ?? compileDeferral(planned, schema, { schema: supergraphSchema, ...executing })
    compiled.set(plan, known)
    return known(request.variables ?? {}, (context as GatewayContext).asking)
  }
}
