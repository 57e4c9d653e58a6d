import { ApolloGateway, type GatewayConfig } from '@apollo/gateway'
import type { QueryPlan } from '@apollo/query-planner'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import type { Asking } from '@ashlar/kit/caller'
import { AshlarError, badUserInput, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError, type GraphQLSchema, type OperationDefinitionNode, OperationTypeNode, print } from 'graphql'
import { CachePolicies } from './caching/cache-policies.js'
import { EntityKeys } from './caching/entity-keys.js'
import type { Contents, EntityName } from './caching/entity-tags.js'
import { contentsOf, entitiesIn } from './caching/tag-walk.js'
import type { GatewayContext } from './context.js'
import type { Source } from './data-sources/source.js'
import { type DeferredDocument, deferredDocument } from './execution/defer/deferred-document.js'
import {
  deferralExecution,
  type ExecuteDeferral,
  type ExecutePlan,
  type Executing,
  planExecution,
  subscriptionCompiler,
} from './execution/execute-plan.js'
import { mergedDataOf } from './execution/written-data.js'
import type { Limits } from './limits.js'
import { type LoadedGraph, loadGraph } from './load-graph.js'
import { type HoldsLabel, withOverrideLabels } from './planning/override-labels.js'
import type { planCache } from './planning/plan-cache.js'
import { type KeyedPlan, plannable } from './planning/plannable.js'
import { type Operation, Planner } from './planning/planner.js'
import { renewPlans } from './planning/renew-plans.js'
import { requestError } from './request-error.js'
import { OperationRules, type Policies } from './rules/operation-rules.js'
import type { Refusals } from './rules/refusals.js'
import type { ObservedOperation } from './telemetry/observed-operation.js'
import { observedPlans } from './telemetry/observed-plans.js'
import type { Telemetry } from './telemetry/telemetry.js'

/** The members of ApolloGateway that are ours here; its types call them private. */
interface OpenGateway extends Omit<ApolloGateway, 'executor' | 'stop'> {
  executor(request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult>
  readonly onSchemaLoadOrUpdateListeners: Iterable<(loaded: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void>
  updateWithSupergraphSdl(): void
  stop(): Promise<void>
}

// Its library reports usage home unless this says otherwise; there is no other switch.
process.env.APOLLO_TELEMETRY_DISABLED = '1'
const Base = ApolloGateway as unknown as new (config: GatewayConfig) => OpenGateway

const RETRY_AFTER_SECONDS = 5
/** Of an operation of which nothing is for whoever asks. */
const NO_PLAN: QueryPlan = { kind: 'QueryPlan' }

type Sources = Readonly<Record<string, Source>>

/** What whoever asks may have of an operation, planned. */
interface Allowed {
  readonly plan: QueryPlan
  readonly refusals: Refusals | null
}

/** One version of the graph: what it is planned and executed with. */
export interface Version extends LoadedGraph {
  readonly sources: Sources
  readonly planner: Planner
  readonly plan: ReturnType<typeof planCache>
  readonly execute: ExecutePlan
  readonly executeDeferral: ExecuteDeferral
  readonly rules: OperationRules
  readonly policies: CachePolicies
  readonly keys: EntityKeys
  /** Another one for each that came into force. */
  readonly number: number
  readonly compileSubscription: ReturnType<typeof subscriptionCompiler>
}

export interface SupergraphGatewayOptions {
  readonly supergraphSdl: string
  readonly sources: Sources
  readonly limits: Limits
  readonly log: Logger
  readonly telemetry: Telemetry
  /** Whether a credential may write now. */
  readonly mayWrite: () => boolean
  /** Hears of each write that has ended, whatever came of it, and of the entities that it was about. */
  readonly wrote?: (asking: Asking, changed: () => readonly EntityName[]) => void
  readonly policies: Policies
  readonly overrideLabels?: HoldsLabel | undefined
}

/** An operation, and the hash that stands for it. */
interface Hashed extends Operation {
  readonly hash: string
}

/** Apollo's life cycle, with planning in a thread and with execution of our own choosing. */
export class SupergraphGateway extends Base {
  private version: Version | null = null
  /** By the schema that a request was validated with: it is executed with the same version, whatever came meanwhile. */
  private readonly versions = new WeakMap<GraphQLSchema, Version>()
  private readonly hurrying = new AbortController()
  private notify: (supergraphSdl: string) => void = () => {}

  constructor(private readonly options: SupergraphGatewayOptions) {
    super({
      supergraphSdl: async ({ update }) => {
        const { supergraphSdl, sources } = options
        this.keep(this.build(await loadGraph(supergraphSdl), sources))
        this.notify = update
        return { supergraphSdl }
      },
      logger: quiet(options.log),
    })
  }

  /** Switches to another supergraph; what runs goes on with the version it began with. Throws, and changes nothing, for one that can't be loaded. */
  async switchTo(supergraphSdl: string, sources: Sources): Promise<void> {
    const { version } = this
    if (version?.supergraphSdl === supergraphSdl) {
      // Only other instances serve the same.
      this.keep({ ...version, number: version.number + 1, ...executing(version, this.by(sources)) })
      return
    }
    const { limits } = this.options
    const next = this.build(await loadGraph(supergraphSdl), sources)
    const renewing = { check: next.rules.check, plan: next.plan, limitMs: limits.renewMs, signal: this.hurrying.signal }
    try {
      if (version) await renewPlans(version.plan.hottest(limits.plansRenewed), renewing)
      this.keep(next)
      this.notify(supergraphSdl)
    } catch (error) {
      if (version) {
        this.keep(version)
        this.schema = version.schema
      }
      await next.planner.close()
      throw error
    }
    void version?.planner.retire()
  }

  /** Apollo's own makes a planner in this thread as well, for a second and 100 MiB; here the version is there already. */
  override updateWithSupergraphSdl() {
    if (!this.version) throw new Error('no supergraph is loaded')
    const { schema, supergraphSdl } = this.version
    this.schema = schema
    for (const listener of this.onSchemaLoadOrUpdateListeners) listener({ apiSchema: schema, coreSupergraphSdl: supergraphSdl })
  }

  /** The graph as it is now. */
  get current(): Version {
    if (!this.version) throw new Error('no supergraph is loaded')
    return this.version
  }

  // A property, since ApolloGateway hands it on unbound.
  override executor = async (request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult> => {
    const version = this.versionOf(request.schema)
    const operationName = request.request.operationName ?? null
    const { observed } = request.context as GatewayContext
    if (request.operation) observed?.is({ document: request.document, operation: request.operation, text: request.source })
    try {
      const operation = version.rules.operation(request.document, operationName, request.request.variables ?? {})
      this.checkCredential(operation, request.context as GatewayContext)
      if (operation.operation === OperationTypeNode.SUBSCRIPTION)
        throw badUserInput('query', 'is a subscription, which needs a transport that streams')
      const { asking, facts } = request.context as GatewayContext
      if (version.rules.asksPolicies(request.document, operation)) facts?.isOfThisRequest()
      const { refusals } = await version.rules.authorise(request.document, operation, asking)
      const deferred = refusals ? null : deferredBy(version, operation, request)
      if (deferred) return await this.defer(version, deferred, request)
      const query = refusals ? refusals.left : request.source
      const hash = refusals ? refusals.leftHash : request.queryHash
      const plan = query === null ? NO_PLAN : await this.plan(version, { hash, query, operationName }, observed)
      return await this.execute(version, { plan, refusals }, operation, request)
    } catch (error) {
      if (error instanceof AshlarError) throw requestError(error)
      // Apollo knows what to make of an operation that is not there.
      if (error instanceof GraphQLError) return { errors: [error] }
      throw error
    }
  }

  private async defer(version: Version, deferred: DeferredDocument, request: GatewayGraphQLRequestContext) {
    const { deferral, observed } = request.context as GatewayContext
    const operationName = request.request.operationName ?? null
    const hashed = { hash: `${request.queryHash} defer`, query: print(deferred.document), operationName, defers: true }
    const plan = await this.plan(version, hashed, observed)
    const { first, rest, stop } = await version.executeDeferral(plan, deferred, request)
    if (deferral) Object.assign(deferral, { rest, stop })
    return first as GatewayExecutionResult
  }

  private plan({ plan }: Version, { hash, ...operation }: Hashed, observed: ObservedOperation | undefined): Promise<QueryPlan> {
    const planned = () => plan(hash, operation)
    return observed?.trace ? observed.planning(this.options.telemetry.tally, planned) : planned()
  }

  /** What holds for operations on the version of the graph with this schema. */
  rulesOf(schema: GraphQLSchema): OperationRules {
    const { rules } = this.versionOf(schema)
    return rules
  }

  /** The graph's version: another number for each that came into force. */
  get versionNumber(): number {
    return this.version?.number ?? 0
  }

  /** The plain fields of a type's keys, such as `id`. */
  keysOf = (typeName: string): readonly string[] => this.version?.keys.of(typeName) ?? []

  /** Has a switch that is going on wait for nothing more. */
  hurry(): void {
    this.hurrying.abort()
  }

  /** Ends the planner's thread as well. */
  override async stop() {
    await super.stop()
    await this.version?.planner.close()
  }

  private async execute(
    version: Version,
    { plan, refusals }: Allowed,
    operation: OperationDefinitionNode,
    request: GatewayGraphQLRequestContext,
  ) {
    const { asking, facts, observed } = request.context as GatewayContext
    const { document, source } = request
    const isQuery = operation.operation === OperationTypeNode.QUERY
    let data: GatewayExecutionResult['data']
    let lost = true
    const contents = (): Contents => contentsOf((data && mergedDataOf(data)) ?? {}, { ...version, document, operation })
    try {
      const result = await version.execute(plan, request, refusals)
      data = result.data
      lost = result.errors?.some(({ extensions }) => extensions?.outcome === 'UNKNOWN') ?? false
      const declared = facts && (version.policies.of(document, operation)?.(request.request.variables ?? {}) ?? null)
      facts?.ran({ source, declared: declared ?? null, whole: isQuery && data != null && !result.errors, contents })
      return observed?.report ? { ...result, extensions: { trace: observed.report.of(plan) } } : result
    } finally {
      if (operation.operation === OperationTypeNode.MUTATION) {
        // Any of what it could have answered may be another now.
        const written = () => (lost ? entitiesIn(version, document) : contents().entities)
        this.options.wrote?.(asking, written)
      }
    }
  }

  // A credential that has ended meanwhile must not change anything, where it can't be known whether it has.
  private checkCredential({ operation }: OperationDefinitionNode, { asking }: GatewayContext) {
    if (operation !== OperationTypeNode.MUTATION || !asking.identity || this.options.mayWrite()) return
    throw subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
  }

  private versionOf(schema: GraphQLSchema): Version {
    const version = this.versions.get(schema) ?? this.version
    if (!version) throw new Error('no supergraph is loaded')
    return version
  }

  private build(graph: LoadedGraph, sources: Sources): Version {
    const { limits, log, telemetry } = this.options
    const planner = new Planner(graph.supergraphSdl, limits, log)
    const planKeyed = async (given: Operation) => {
      const { operation, meanings } = plannable(given, graph)
      const planned = await planner.plan(operation)
      return { ...planned, plan: { ...planned.plan, meanings } satisfies KeyedPlan }
    }
    const observed = observedPlans(limits, planKeyed, telemetry)
    const plan = withOverrideLabels(observed, graph.supergraphSchema, this.options.overrideLabels)
    const rules = new OperationRules({ ...graph, limits, policies: this.options.policies })
    const policies = new CachePolicies(graph.supergraphSchema)
    const keys = new EntityKeys(graph.supergraphSchema)
    const number = this.versionNumber + 1
    const version = { ...graph, planner, plan, rules, policies, keys, number, ...executing(graph, this.by(sources)) }
    // A thread is begun only for what could be built.
    planner.warm()
    return version
  }

  private by(sources: Sources): Executing {
    const { log, limits: times } = this.options
    return { sources, log, times }
  }

  private keep(version: Version) {
    this.version = version
    this.versions.set(version.schema, version)
  }
}

/** What of a query comes later, where its client takes it so. */
const deferredBy = (
  { schema }: Version,
  operation: OperationDefinitionNode,
  { document, context }: GatewayGraphQLRequestContext,
): DeferredDocument | null =>
  (context as GatewayContext).deferral && operation.operation === OperationTypeNode.QUERY
    ? deferredDocument(document, operation, schema)
    : null

const executing = (graph: LoadedGraph, by: Executing) => ({
  sources: by.sources,
  execute: planExecution(graph, by),
  executeDeferral: deferralExecution(graph, by),
  compileSubscription: subscriptionCompiler(graph, by),
})

/** Apollo's lines about its own life are of no use to who runs this. */
const quiet = (log: Logger) => ({
  debug: () => {},
  info: () => {},
  warn: (message?: unknown) => log.warn(String(message)),
  error: (message?: unknown) => log.error(String(message)),
})
