import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import type { Asking } from '@ashlar/kit/caller'
import { subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { Measures } from '@ashlar/kit/metrics'
import { clientOf } from '@ashlar/kit/own-origin'
import { sessionCookie } from '@ashlar/kit/session-cookie'
import type { Standings } from '@ashlar/kit/standing'
import type { Tracing } from '@ashlar/kit/tracing/trace'
import type { FastifyPluginAsync } from 'fastify'
import { isAbstractType, parse, printSchema } from 'graphql'
import { createApolloServer } from './apollo-server.js'
import type { EntityName } from './caching/entity-tags.js'
import { composeSupergraph, expandSchemas } from './composition/compose.js'
import { CompositionError } from './composition/composition-error.js'
import { graphsOf } from './composition/graphs.js'
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
import type { HoldsLabel } from './planning/override-labels.js'
import { presentError } from './present-error.js'
import { type NodeReference, nodeLoader } from './registry/node-loader.js'
import { type NodeType, nodeTypesOf } from './registry/node-types.js'
import { REGISTRY, registrySource } from './registry/registry.js'
import { registrySdl } from './registry/registry-sdl.js'
import { noPolicies, type Policies } from './rules/operation-rules.js'
import { TrustedOperations, type TrustedOptions } from './rules/trusted-operations.js'
import { SharedAnswers, type SharingOptions, type SharingStats } from './sharing/shared-answers.js'
import { viewerOf } from './sharing/viewer.js'
import { createStreams, type OpenStreams } from './streams/streams.js'
import type { AnySubgraph } from './subgraph.js'
import { SupergraphGateway } from './supergraph-gateway.js'
import { Telemetry } from './telemetry/telemetry.js'
import { createTransports, type TransportCounts } from './transports/transports.js'

/** A supergraph that was composed elsewhere, and how each of its services is asked. */
export interface ComposedGraph {
  readonly supergraphSdl: string
  /** @param url where the supergraph says that the service answers; null where it does not say */
  readonly sourceOf: (name: string, url: URL | null) => Source
}

/** What the graph is made of. */
export type GraphParts = readonly AnySubgraph[] | ComposedGraph

export interface GatewayOptions {
  readonly subgraphs: GraphParts
  /** Where composed supergraphs are kept for the next start; nowhere without it. */
  readonly cacheDir?: string
  readonly log: Logger
  readonly authenticate: Authenticate
  /** Whether what has ended is known well enough for a credential to write; always without it. */
  readonly mayWrite?: () => boolean
  /** How credentials stand that streams go on by; without it they are verified anew every 30 s. */
  readonly standings?: Standings
  readonly publicUrl: URL
  /** The address that is listened on: on a loopback one, pages of loopback origins may call. */
  readonly host: string
  /** Origins that CORS and cookies answer, beside the public address's own. */
  readonly allowedOrigins: () => Promise<ReadonlySet<string>> | ReadonlySet<string>
  /** Headers of the client's that services over plain HTTP are sent, in lower case. */
  readonly forwardedHeaders?: readonly string[]
  /** Whether errors of services go out as they are; else those with a code of the contract, and the others masked. */
  readonly passErrors?: boolean
  readonly limits?: Partial<Limits>
  /** Which of the policies that an operation depends on (`@policy`) hold for whoever asks; none without it. */
  readonly policies?: Policies
  /** Which labels of `@override` hold; none without it, but for those of a percentage, which are drawn. */
  readonly overrideLabels?: HoldsLabel
  /** Where measurements are read; null where nobody does. */
  readonly measures?: Measures | null
  /** Where spans go; null where there are none. */
  readonly tracing?: Tracing | null
  /** Operations that are known by their ids, and may be made the only ones that run. */
  readonly trustedOperations?: TrustedOptions | null
  readonly explorer?: Explorer
  /** What may be answered once for several; nothing unless given. */
  readonly sharing?: SharingOptions
}

export interface Gateway {
  /**
   * `/graphql`, `/livez` and `/readyz`. The client's address is Fastify's `request.ip`: which proxies are trusted is for the
   * instance that takes the routes to say.
   */
  readonly routes: FastifyPluginAsync
  readonly supergraphSdl: string
  /** The names of the services. */
  readonly services: readonly string[]
  /** The graph as clients see it, as SDL. */
  readonly apiSdl: string
  /** Which of the ids are there for whoever asks, in their order: all of one owner in one fetch, and any number of them. */
  nodes(ids: readonly string[], asking: Asking): Promise<readonly (NodeReference | null | Error)[]>
  /**
   * Drops the answers that are kept and made of these entities; answers how many those were. An entity is named by its type and a field of
   * its key (`{ __typename: 'Product', upc: '1' }`); without one, everything that may be made of its type is dropped.
   */
  invalidate(entities: readonly EntityName[]): number
  /** How much was shared so far. */
  readonly sharing: SharingStats
  /** Opens subscriptions, whatever transport brings them. */
  readonly streams: OpenStreams
  /** The connections over which streams go. */
  readonly connections: TransportCounts
  /** Switches to these services; what is subscribed to goes on where it can. Throws CompositionError, and goes on as it was, where they do not compose. */
  update(subgraphs: GraphParts): Promise<void>
  /** Whether no drain has begun. */
  readonly isReady: boolean
  /** `/readyz` says no from now on; what runs goes on. */
  drain(): void
  /** Sends whoever is streamed to away, to come back. */
  leave(): void
  /** What waits for a service is answered without it now: SUBGRAPH_UNAVAILABLE. */
  giveUp(): void
  close(): Promise<void>
}

/** Of a gateway that is about to go: another takes over, or it comes back. */
const RETRY_AFTER_SECONDS = 5

interface Graph {
  readonly supergraphSdl: string
  readonly types: ReadonlyMap<string, NodeType>
  readonly owners: Readonly<Record<string, Source>>
  readonly sources: Readonly<Record<string, Source>>
  readonly services: ReadonlySet<string>
  readonly signInFields: ReadonlySet<string>
}

interface Composition {
  readonly store: SupergraphStore
  readonly limits: Limits
  readonly log: Logger
  /** A service's source as it is asked: the same one for as long as the service is. */
  readonly watched: (name: string, source: Source) => Source
}

/** Composes the services into one graph and makes the public door to it. Throws CompositionError if they never composed. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const telemetry = new Telemetry(options)
  try {
    return await openGateway(options, telemetry)
  } catch (error) {
    telemetry.close()
    throw error
  }
}

async function openGateway(options: GatewayOptions, telemetry: Telemetry): Promise<Gateway> {
  const { log, publicUrl } = options
  const limits: Limits = { ...defaultLimits, ...options.limits }
  const composition: Composition = {
    store: options.cacheDir ? fileStore(options.cacheDir) : memoryStore(),
    limits,
    log,
    watched: (name, source) => telemetry.source(name, source),
  }
  let graph = await compose(options.subgraphs, composition)
  const trusted = options.trustedOperations ? await TrustedOperations.open(options.trustedOperations, limits, log) : null
  const shared = new SharedAnswers(options.sharing ?? {})
  const gateway: SupergraphGateway = new SupergraphGateway({
    ...graph,
    limits,
    log,
    telemetry,
    mayWrite: options.mayWrite ?? (() => true),
    wrote: (asking, changed) => {
      if (shared.isOn) shared.wrote(viewerOf(asking), shared.keeps ? changed() : [], gateway.keysOf)
    },
    policies: options.policies ?? noPolicies,
    overrideLabels: options.overrideLabels,
  })
  const passErrors = options.passErrors ?? false
  const persisted = new InMemoryLRUCache<string>({ maxSize: limits.persistedChars })
  const apollo = createApolloServer({ gateway, log, telemetry, persisted, passErrors, signInFields: () => graph.signInFields })
  await apollo.start().catch(async (error) => {
    trusted?.close()
    await gateway.stop()
    throw error
  })
  const streams = createStreams({ gateway, apollo, log, telemetry, trusted, persisted, passErrors, signInFields: () => graph.signInFields })
  const mayComeFrom = origins(options)
  const asking = {
    authenticate: options.authenticate,
    cookieOf: (origin: string | null) => sessionCookie(publicUrl, clientOf(origin, publicUrl)),
    forwardedHeaders: options.forwardedHeaders,
    services: () => graph.services,
    log,
  }
  const transports = createTransports({
    streams,
    limits,
    asking,
    standings: options.standings,
    isCurrent: options.mayWrite ?? (() => true),
    origins: mayComeFrom,
  })
  telemetry.measures?.serve(graph.sources)
  telemetry.measures?.watch({ streams: () => streams.counts, sharing: () => shared.stats, connections: () => transports.counts() })
  let ready = true
  let closed = false
  let updating: Promise<void> = Promise.resolve()
  /** Sources that the graph has no more, for as long as an operation that began before may wait for them. */
  const left = new Set<Source>()
  function setAside(before: Graph['sources'], now: Graph['sources']): void {
    const staying = new Set(Object.values(now))
    for (const source of Object.values(before)) {
      if (staying.has(source) || !source.abort) continue
      left.add(source)
      setTimeout(() => left.delete(source), limits.operationMs).unref()
    }
  }

  const graphql = graphqlRoutes({
    ...asking,
    apollo,
    explorer: options.explorer,
    limits,
    origins: mayComeFrom,
    publicUrl,
    shared,
    transports,
    trusted,
    version: () => gateway.versionNumber,
    telemetry,
    present: (error) => presentError(error.toJSON(), error, { log, passErrors }),
  })

  return {
    routes: async (fastify) => {
      await fastify.register(graphql)
      await fastify.register(healthRoutes(() => ready))
    },
    get supergraphSdl() {
      return graph.supergraphSdl
    },
    get services() {
      return [...graph.services]
    },
    get apiSdl() {
      return gateway.schema ? printSchema(gateway.schema) : ''
    },
    nodes(ids, asking) {
      const { types, owners } = graph
      return nodeLoader({ types, owners, asking, log }).loadMany(ids)
    },
    invalidate(entities) {
      const concrete = entities.flatMap((entity) => {
        const type = gateway.schema?.getType(entity.__typename)
        return isAbstractType(type)
          ? (gateway.schema?.getPossibleTypes(type) ?? []).map(({ name }) => ({ ...entity, __typename: name }))
          : entity
      })
      return shared.invalidate(concrete, gateway.keysOf)
    },
    get sharing() {
      return shared.stats
    },
    streams,
    get connections() {
      return transports.counts()
    },
    update(subgraphs) {
      const next = updating.then(async () => {
        if (closed) throw new Error('the gateway is closed')
        const composed = await compose(subgraphs, composition)
        await gateway.switchTo(composed.supergraphSdl, composed.sources)
        shared.forget()
        setAside(graph.sources, composed.sources)
        graph = composed
        await streams.switchVersion()
        telemetry.measures?.serve(graph.sources)
      })
      updating = next.catch(() => {})
      return next
    },
    get isReady() {
      return ready
    },
    drain() {
      ready = false
    },
    leave() {
      void transports.close()
      streams.close()
    },
    giveUp() {
      ready = false
      for (const source of [...left, ...Object.values(graph.sources)])
        source.abort?.(subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }))
    },
    async close() {
      ready = false
      closed = true
      gateway.hurry()
      await updating
      await transports.close()
      streams.close()
      trusted?.close()
      await apollo.stop()
      telemetry.close()
    },
  }
}

const isComposed = (parts: GraphParts): parts is ComposedGraph => 'supergraphSdl' in parts

async function compose(subgraphs: GraphParts, { store, limits, log, watched }: Composition): Promise<Graph> {
  if (isComposed(subgraphs)) return wholeGraph(subgraphs, watched)
  if (subgraphs.some(({ name }) => name === REGISTRY)) {
    throw new CompositionError([{ code: 'NAME_TAKEN', message: `[${REGISTRY}] no service may be called so` }])
  }
  const schemas = readSchemas(subgraphs, limits)
  const types = nodeTypesOf(schemas)
  const sdl = registrySdl(types.values())
  const owners = Object.fromEntries(subgraphs.map((subgraph) => [subgraph.name, watched(subgraph.name, sourceOf(subgraph, limits))]))
  const expanded = expandSchemas([{ name: REGISTRY, sdl, document: parse(sdl, { noLocation: true }) }, ...schemas])
  const supergraphSdl = await composeSupergraph(expanded, { store, limits, log })
  return {
    supergraphSdl,
    types,
    owners,
    sources: { ...owners, [REGISTRY]: watched(REGISTRY, registrySource({ sdl, types, owners, log })) },
    services: new Set(subgraphs.map(({ name }) => name)),
    signInFields: signInFieldsOf(supergraphSdl),
  }
}

/** As it is: without the fields that the gateway answers itself. */
function wholeGraph({ supergraphSdl, sourceOf }: ComposedGraph, watched: Composition['watched']): Graph {
  const graphs = graphsOf(supergraphSdl)
  const owners = Object.fromEntries(graphs.map(({ name, url }) => [name, watched(name, sourceOf(name, url))]))
  return {
    supergraphSdl,
    types: new Map(),
    owners,
    sources: owners,
    services: new Set(graphs.map(({ name }) => name)),
    signInFields: signInFieldsOf(supergraphSdl),
  }
}

/** Of services in this process, so that one that is the same in another version of the graph is known to be. */
const inProcessSources = new WeakMap<AnySubgraph, Source>()

function sourceOf(subgraph: AnySubgraph, limits: Limits): Source {
  if ('source' in subgraph) return subgraph.source
  const source = inProcessSources.get(subgraph) ?? inProcess(subgraph, limits)
  inProcessSources.set(subgraph, source)
  return source
}
