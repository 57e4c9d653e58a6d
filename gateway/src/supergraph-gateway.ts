import type { Supergraph } from '@apollo/federation-internals'
import { ApolloGateway, type GatewayConfig } from '@apollo/gateway'
import { addExtensions } from '@apollo/gateway/dist/schema-helper/addExtensions.js'
import type { GatewayExecutionResult, GatewayGraphQLRequestContext } from '@apollo/server-gateway-interface'
import { badUserInput } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { type GraphQLSchema, getOperationAST, OperationTypeNode } from 'graphql'
import type { DataSource } from './data-sources/data-source.js'
import { checkVariables } from './execution/check-variables.js'
import { type Executable, executePlan } from './execution/execute-plan.js'
import type { Limits } from './limits.js'
import { loadSupergraph } from './planning/load-supergraph.js'
import { planCache } from './planning/plan-cache.js'
import { Planner } from './planning/planner.js'

/** The members of ApolloGateway that are ours here; its types call them private. */
interface OpenGateway extends Omit<ApolloGateway, 'executor'> {
  executor(request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult>
  readonly onSchemaLoadOrUpdateListeners: Iterable<(loaded: { apiSchema: GraphQLSchema; coreSupergraphSdl: string }) => void>
  createSchemaFromSupergraphSdl(supergraphSdl: string): { supergraph: Supergraph; supergraphSdl: string }
  updateWithSchemaAndNotify(supergraph: Supergraph, supergraphSdl: string): void
}

// Its library reports usage home unless this says otherwise; there is no other switch.
process.env.APOLLO_TELEMETRY_DISABLED = '1'
const Base = ApolloGateway as unknown as new (config: GatewayConfig) => OpenGateway

/** One version of the graph: what it is planned and executed with. */
interface Version extends Executable {
  readonly planner: Planner
  readonly plan: ReturnType<typeof planCache>
}

type Sources = Readonly<Record<string, DataSource>>

export interface SupergraphGatewayOptions {
  readonly supergraphSdl: string
  readonly sources: Sources
  readonly limits: Limits
  readonly log: Logger
}

/** Apollo's life cycle, with planning in a thread and with execution of our own choosing. */
export class SupergraphGateway extends Base {
  private readonly options: Omit<SupergraphGatewayOptions, 'supergraphSdl'>
  private sources: Sources
  private version: Version | null = null
  private take: ((supergraphSdl: string) => void) | null = null

  constructor({ supergraphSdl, ...options }: SupergraphGatewayOptions) {
    super({
      supergraphSdl: async ({ update }) => {
        this.take = update
        return { supergraphSdl }
      },
      logger: quiet(options.log),
    })
    this.options = options
    this.sources = options.sources
  }

  /** Switches to another supergraph. What runs goes on with the version it began with. */
  switchTo(supergraphSdl: string, sources: Sources) {
    this.sources = sources
    if (this.version) this.version = { ...this.version, sources }
    this.take?.(supergraphSdl)
  }

  override createSchemaFromSupergraphSdl(supergraphSdl: string) {
    return { supergraph: loadSupergraph(supergraphSdl), supergraphSdl }
  }

  /** Apollo's own makes a planner in this thread as well, for a second and 100 MiB. */
  override updateWithSchemaAndNotify(supergraph: Supergraph, supergraphSdl: string) {
    const { limits, log } = this.options
    const apiSchema = supergraph.apiSchema()
    const schema = addExtensions(apiSchema.toGraphQLJSSchema())
    const supergraphSchema = supergraph.schema.toGraphQLJSSchema()
    const planner = new Planner(supergraphSdl, limits, log)
    const plan = planCache(limits.plansKept, (operation) => planner.plan(operation))
    const previous = this.version
    this.version = { schema, apiSchema, supergraphSchema, sources: this.sources, planner, plan }
    this.schema = schema
    planner.warm()
    for (const listener of this.onSchemaLoadOrUpdateListeners) listener({ apiSchema: schema, coreSupergraphSdl: supergraphSdl })
    void previous?.planner.drain()
  }

  // A property, since ApolloGateway hands it on unbound.
  override executor = async (request: GatewayGraphQLRequestContext): Promise<GatewayExecutionResult> => {
    const { version } = this
    if (!version) throw new Error('no supergraph is loaded')
    const operationName = request.request.operationName ?? null
    const operation = getOperationAST(request.document, operationName)
    if (!operation) throw new Error('no operation was resolved')
    if (operation.operation === OperationTypeNode.SUBSCRIPTION) {
      throw badUserInput('query', 'is a subscription, which needs a transport that streams')
    }
    checkVariables(version.schema, operation, request.request.variables ?? {})
    const plan = await version.plan({ query: request.source, operationName })
    return executePlan(plan, request, version)
  }

  /** Ends the planner's thread as well. */
  override async stop() {
    await super.stop()
    await this.version?.planner.close()
  }
}

/** Apollo's lines about its own life are of no use to who runs this. */
const quiet = (log: Logger) => ({
  debug: () => {},
  info: () => {},
  warn: (message?: unknown) => log.warn(String(message)),
  error: (message?: unknown) => log.error(String(message)),
})
