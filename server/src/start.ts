import { explorerRoutes } from '@ashlar/console/explorer-routes'
import { type Database, startDatabase } from '@ashlar/database/start'
import { createGateway, type Gateway } from '@ashlar/gateway/gateway'
import { stopServing } from '@ashlar/gateway/http/stop-serving'
import type { Asking } from '@ashlar/kit/caller'
import type { Config, Settings } from '@ashlar/kit/config'
import type { RunningSubgraph, Subgraph } from '@ashlar/kit/define-subgraph'
import { openDeps } from '@ashlar/kit/deps'
import { memoryBus } from '@ashlar/kit/events/bus'
import { checkAddress, listen } from '@ashlar/kit/listening'
import type { Logger } from '@ashlar/kit/log'
import { metricsDoor } from '@ashlar/kit/metrics/metrics-door'
import { processMetrics } from '@ashlar/kit/metrics/process-metrics'
import { type LocalPeer, localPeers } from '@ashlar/kit/peers'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { localIdentities } from '@ashlar/users/identities'
import type { Services as Users } from '@ashlar/users/services'
import { createHttpServer } from './http.js'
import { jwksRoutes } from './jwks-routes.js'
import { publicDoor, type Surroundings } from './public-door.js'
import { secretKeyIn } from './secret-key.js'
import { loadSubgraphs } from './subgraphs.js'

/** All of Ashlar in this process. */
export interface App extends AsyncDisposable {
  /** Where it answers, as `http://127.0.0.1:4000`. */
  readonly url: string
  readonly config: Config
  readonly database: Database['info']
  readonly services: readonly string[]
  /** The one-time link that makes the first ADMIN; null once there is one. */
  readonly ownerLink: string | null
  readonly gateway: Gateway
  /** The running service of a name. */
  service<Services>(name: string): RunningSubgraph<Services>
  close(): Promise<void>
}

export interface StartOptions {
  readonly log: Logger
  /** Told of each step as it begins. */
  readonly onProgress?: (step: string) => void
  /** Others than those of the folders. */
  readonly subgraphs?: readonly Subgraph<unknown, unknown>[]
}

/**
 * Starts everything: address, data, services, graph, HTTP. What was started is stopped again where a later step fails.
 * @throws StartError, EmbeddedPostgresError or MigrationError in words for people; CompositionError
 */
export async function start(settings: Settings, { log, onProgress = () => {}, subgraphs }: StartOptions): Promise<App> {
  await checkAddress(settings)
  const config: Config = { ...settings, secretKey: await secretKeyIn(settings.dataDir, settings.secretKey) }
  const definitions = subgraphs ?? (await loadSubgraphs())
  const closing: (() => Promise<void>)[] = []
  const close = once(async () => {
    for (const end of closing.splice(0).reverse())
      await end().catch((error: unknown) => log.error({ err: error }, 'a part did not stop in order'))
  })
  try {
    const running = new Map<string, RunningSubgraph>()
    const users = () => (running.get('users') as RunningSubgraph<Users>).services
    const identities = localIdentities(users)
    const metrics = processMetrics(config, log)
    const tracing = await openTracing(config.tracing, { name: 'ashlar', log })
    if (tracing) closing.push(() => tracing.close())
    // The graph is composed while PostgreSQL starts: nothing asks the services before both are there.
    onProgress('Starting PostgreSQL and composing the graph')
    const [database, gateway] = await both(
      startDatabaseFor(config, definitions, log),
      createGatewayFor(config, definitions, running, { identities, log, metrics, tracing }),
      closing,
    )

    onProgress('Starting the services')
    const bus = memoryBus()
    closing.push(() => bus.close())
    const peers = new Map<string, LocalPeer>()
    for (const definition of definitions) {
      const db = database.service(definition.name)
      const deps = openDeps({ db, config, log, bus, peers: localPeers(peers), metrics })
      closing.push(() => deps.close())
      const subgraph = definition.start(deps)
      running.set(definition.name, subgraph)
      peers.set(definition.name, { events: deps.events, doors: subgraph.doors })
      closing.push(() => subgraph.close())
    }
    for (const subgraph of running.values()) await subgraph.begin()
    if (config.demo) {
      onProgress("Filling the blocks with the demo's people and posts")
      for (const subgraph of running.values()) await subgraph.demo()
    }
    const pages = [explorerRoutes, jwksRoutes(identities.jwks), ...[...running.values()].flatMap(({ routes }) => (routes ? [routes] : []))]
    const http = await createHttpServer(config, { gateway, pages, internal: [metricsDoor(metrics, config.metricsToken)] })
    const url = await listen(http, config)
    closing.push(() => stopServing(http, gateway, config.drainSeconds))
    return {
      url,
      config,
      database: database.info,
      services: definitions.map(({ name }) => name),
      ownerLink: await users().ownership.link(),
      gateway,
      service: <Services>(name: string) => running.get(name) as RunningSubgraph<Services>,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const startDatabaseFor = (config: Config, definitions: readonly Subgraph<unknown, unknown>[], log: Logger): Promise<Database> =>
  startDatabase({
    dataDir: config.dataDir,
    databaseUrl: config.databaseUrl,
    serviceUrls: config.serviceDatabaseUrls,
    oneRole: config.oneRole,
    secret: config.secretKey,
    services: definitions.map(({ name }) => name),
    log,
  })

const createGatewayFor = (
  config: Config,
  definitions: readonly Subgraph<unknown, unknown>[],
  running: ReadonlyMap<string, RunningSubgraph>,
  surroundings: Surroundings,
): Promise<Gateway> => {
  const started = (name: string): RunningSubgraph => {
    const subgraph = running.get(name)
    if (!subgraph) throw new Error(`${name} has not started`)
    return subgraph
  }
  return createGateway({
    ...publicDoor(config, surroundings),
    subgraphs: definitions.map(({ name, typeDefs }) => ({
      name,
      sdl: typeDefs(),
      execute: (operation, asking: Asking) => started(name).execute(operation, asking),
      subscribe: (operation, asking, signal) => started(name).subscribe(operation, asking, signal),
    })),
  })
}

/** Waits for both, and has whatever did start stopped in the end, also where the other fails. */
async function both<A extends { close(): Promise<void> }, B extends { close(): Promise<void> }>(
  first: Promise<A>,
  second: Promise<B>,
  closing: (() => Promise<void>)[],
): Promise<[A, B]> {
  const outcomes = await Promise.allSettled([first, second])
  for (const outcome of outcomes) if (outcome.status === 'fulfilled') closing.push(() => outcome.value.close())
  return [await first, await second]
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
