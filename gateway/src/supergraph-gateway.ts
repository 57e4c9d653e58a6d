import { ApolloGateway, type GatewayConfig } from '@apollo/gateway'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import { checkVariables } from '@ashlar/kit/check-variables'
import { AshlarError, badUserInput, subgraphUnavailable, tooComplex } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError, type GraphQLSchema, getOperationAST, type OperationDefinitionNode, OperationTypeNode } from 'graphql'
import type { GatewayContext } from './context.js'
import { Costs } from './cost.js'
import type { Source } from './data-sources/source.js'
import { type ExecutePlan, planExecution } from './execution/execute-plan.js'
import type { Limits } from './limits.js'
import { type LoadedGraph, loadGraph } from './load-graph.js'
import { planCache } from './planning/plan-cache.js'
import { plannable } from './planning/plannable.js'
import { Planner } from './planning/planner.js'
import { requestError } from './request-error.js'

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

type Sources = Readonly<Record<string, Source>>

/** One version of the graph: what it is planned and executed with. */
interface Version extends LoadedGraph {
  readonly planner: Planner
  readonly plan: ReturnType<typeof planCache>
  readonly execute: ExecutePlan
  readonly costs: Costs
}

export interface SupergraphGatewayOptions {
  readonly supergraphSdl: string
  readonly sources: Sources
  readonly limits: Limits
  readonly log: Logger
  /** Whether a credential may write now. */
  readonly mayWrite: () => boolean
}

/** Apollo's life cycle, with planning in a thread and with execution of our own choosing. */
export class SupergraphGateway extends Base {
  private version: Version | null = null
  /** By the schema that a request was validated with: it is executed with the same version, whatever came meanwhile. */
  private readonly versions = new WeakMap<GraphQLSchema, Version>()
  private notify: (supergraphSdl: string) => void = () => {}

  constructor(private readonly options: SupergraphGatewayOptions) {
    super({
      supergraphSdl: async ({ update }) => {
        const { supergraphSdl, sources } = options
        this.adopt(await loadGraph(supergraphSdl), sources)
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
      this.keep({ ...version, execute: planExecution(version, sources, this.options.log) })
      return
    }
    this.adopt(await loadGraph(supergraphSdl), sources)
    this.notify(supergraphSdl)
    void version?.planner.retire()
  }

  /** Apollo's own makes a planner in this thread as well, for a second and 100 MiB; here the version is there already. */
  override updateWithSupergraphSdl() {
    if (!this.version) throw new Error('no supergraph is loaded')
    const { schema, supergraphSdl } = this.version
    this.schema = schema
    for (const listener of this.onSchemaLoadOrUpdateListeners) listener({ apiSchema: schema, coreSupergraphSdl: supergraphSdl })
  }

  // A property, since ApolloGateway hands it on unbound.
  override executor = async (request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult> => {
    const version = this.versions.get(request.schema) ?? this.version
    if (!version) throw new Error('no supergraph is loaded')
    const operationName = request.request.operationName ?? null
    const operation = getOperationAST(request.document, operationName)
    if (!operation) return { errors: [unresolved(operationName)] }
    try {
      this.checkCredential(operation, request.context as GatewayContext)
      checkOperation(version, operation, request.request.variables ?? {})
      this.checkCost(version, operation, request)
      const plan = await version.plan(request.queryHash, { query: request.source, operationName })
      return await version.execute(plan, request)
    } catch (error) {
      throw error instanceof AshlarError ? requestError(error) : error
    }
  }

  /** Ends the planner's thread as well. */
  override async stop() {
    await super.stop()
    await this.version?.planner.close()
  }

  // A credential that has ended meanwhile must not change anything, where it can't be known whether it has.
  private checkCredential({ operation }: OperationDefinitionNode, { asking }: GatewayContext) {
    if (operation !== OperationTypeNode.MUTATION || !asking.identity || this.options.mayWrite()) return
    throw subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
  }

  /** Before anything is planned, so that what is too dear costs nothing. */
  private checkCost({ costs }: Version, operation: OperationDefinitionNode, { document, request }: GatewayGraphQLRequestContext) {
    const { cost: limit } = this.options.limits
    const cost = costs.of(document, operation)(request.variables ?? {})
    if (cost > limit) throw tooComplex({ message: `The operation may cost ${cost}, and at most ${limit}.`, cost, limit })
  }

  private adopt(graph: LoadedGraph, sources: Sources) {
    const { limits, log } = this.options
    const planner = new Planner(graph.supergraphSdl, limits, log)
    const plan = planCache(limits, (operation) => planner.plan(plannable(operation, graph)))
    const costs = new Costs({ schema: graph.supergraphSchema, listSize: limits.listSize })
    this.keep({ ...graph, planner, plan, costs, execute: planExecution(graph, sources, log) })
    planner.warm()
  }

  private keep(version: Version) {
    this.version = version
    this.versions.set(version.schema, version)
  }
}

const unresolved = (operationName: string | null) =>
  new GraphQLError(operationName ? `Unknown operation named "${operationName}".` : 'Must provide an operation name.')

/** Apollo's execution gives this name to the entities that it asks for. */
const RESERVED_VARIABLE = 'representations'

function checkOperation({ schema }: Version, operation: OperationDefinitionNode, variables: Record<string, unknown>) {
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
    throw badUserInput('query', 'is a subscription, which needs a transport that streams')
  }
  if (operation.variableDefinitions?.some(({ variable }) => variable.name.value === RESERVED_VARIABLE)) {
    throw badUserInput(RESERVED_VARIABLE, 'is a name that the gateway uses itself: give the variable another one')
  }
  checkVariables(schema, operation, variables)
}

/** Apollo's lines about its own life are of no use to who runs this. */
const quiet = (log: Logger) => ({
  debug: () => {},
  info: () => {},
  warn: (message?: unknown) => log.warn(String(message)),
  error: (message?: unknown) => log.error(String(message)),
})
