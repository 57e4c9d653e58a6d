import type { Logger } from '@ashlar/kit/log'
import { sessionCookie } from '@ashlar/kit/session-cookie'
import type { FastifyPluginAsync } from 'fastify'
import { parse, printSchema } from 'graphql'
import { createApolloServer } from './apollo-server.js'
import { composeSupergraph, expandSchemas } from './composition/compose.js'
import { CompositionError } from './composition/composition-error.js'
import { readSchemas } from './composition/schemas.js'
import { signInFieldsOf } from './composition/signs-in.js'
import { fileStore, memoryStore, type SupergraphStore } from './composition/supergraph-store.js'
import { inProcess } from './data-sources/in-process.js'
import type { Source } from './data-sources/source.js'
import type { Authenticate } from './http/asking.js'
import { type Explorer, graphqlRoutes } from './http/graphql-routes.js'
import { healthRoutes } from './http/health-routes.js'
import { origins } from './http/origins.js'
import { defaultLimits, type Limits } from './limits.js'
import { nodeTypesOf } from './registry/node-types.js'
import { REGISTRY, registrySource } from './registry/registry.js'
import { registrySdl } from './registry/registry-sdl.js'
import type { GatewaySubgraph } from './subgraph.js'
import { SupergraphGateway } from './supergraph-gateway.js'

export interface GatewayOptions {
  readonly subgraphs: readonly GatewaySubgraph[]
  /** Where composed supergraphs are kept for the next start; nowhere without it. */
  readonly cacheDir?: string
  readonly log: Logger
  readonly authenticate: Authenticate
  readonly publicUrl: URL
  /** The address that is listened on: on a loopback one, pages of loopback origins may call. */
  readonly host: string
  /** Origins that CORS and cookies answer, beside the public address's own. */
  readonly allowedOrigins: () => Promise<ReadonlySet<string>> | ReadonlySet<string>
  readonly limits?: Partial<Limits>
  readonly explorer?: Explorer
}

export interface Gateway {
  /**
   * `/graphql`, `/livez` and `/readyz`. The client's address is Fastify's `request.ip`: which proxies are trusted is for the
   * instance that takes the routes to say.
   */
  readonly routes: FastifyPluginAsync
  readonly supergraphSdl: string
  /** The graph as clients see it, as SDL. */
  readonly apiSdl: string
  /** Switches to these services. Throws CompositionError, and goes on as it was, where they do not compose. */
  update(subgraphs: readonly GatewaySubgraph[]): Promise<void>
  /** `/readyz` says no from now on; what runs goes on. */
  drain(): void
  close(): Promise<void>
}

interface Graph {
  readonly supergraphSdl: string
  readonly sources: Readonly<Record<string, Source>>
  readonly services: ReadonlySet<string>
  readonly signInFields: ReadonlySet<string>
}

interface Composition {
  readonly store: SupergraphStore
  readonly limits: Limits
  readonly log: Logger
}

/** Composes the services into one graph and makes the public door to it. Throws CompositionError if they never composed. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, publicUrl } = options
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const composition: Composition = { store: options.cacheDir ? fileStore(options.cacheDir) : memoryStore(), limits, log }
  let graph = await compose(options.subgraphs, composition)
  const gateway = new SupergraphGateway({ ...graph, limits, log })
  const apollo = createApolloServer({ gateway, limits, log, signInFields: () => graph.signInFields })
  await apollo.start().catch(async (error) => {
    await gateway.stop()
    throw error
  })
  let ready = true
  let closed = false
  let updating: Promise<void> = Promise.resolve()

  const graphql = graphqlRoutes({
    apollo,
    authenticate: options.authenticate,
    cookie: sessionCookie(publicUrl),
    explorer: options.explorer,
    limits,
    log,
    origins: origins(options),
    publicUrl,
    services: () => graph.services,
  })

  return {
    routes: async (fastify) => {
      await fastify.register(graphql)
      await fastify.register(healthRoutes(() => ready))
    },
    get supergraphSdl() {
      return graph.supergraphSdl
    },
    get apiSdl() {
      return gateway.schema ? printSchema(gateway.schema) : ''
    },
    update(subgraphs) {
      const next = updating.then(async () => {
        if (closed) throw new Error('the gateway is closed')
        const composed = await compose(subgraphs, composition)
        await gateway.switchTo(composed.supergraphSdl, composed.sources)
        graph = composed
      })
      updating = next.catch(() => {})
      return next
    },
    drain() {
      ready = false
    },
    async close() {
      ready = false
      closed = true
      await updating
      await apollo.stop()
    },
  }
}

async function compose(subgraphs: readonly GatewaySubgraph[], { store, limits, log }: Composition): Promise<Graph> {
  if (subgraphs.some(({ name }) => name === REGISTRY)) {
    throw new CompositionError([{ code: 'NAME_TAKEN', message: `[${REGISTRY}] no service may be called so` }])
  }
  const schemas = readSchemas(subgraphs, limits)
  const types = nodeTypesOf(schemas)
  const sdl = registrySdl(types.values())
  const owners = Object.fromEntries(subgraphs.map((subgraph) => [subgraph.name, inProcess(subgraph, limits)]))
  const expanded = expandSchemas([{ name: REGISTRY, sdl, document: parse(sdl, { noLocation: true }) }, ...schemas])
  const supergraphSdl = await composeSupergraph(expanded, { store, limits, log })
  return {
    supergraphSdl,
    sources: { ...owners, [REGISTRY]: registrySource({ sdl, types, owners, log }) },
    services: new Set(subgraphs.map(({ name }) => name)),
    signInFields: signInFieldsOf(supergraphSdl),
  }
}
