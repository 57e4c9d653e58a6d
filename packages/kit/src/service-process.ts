import { readFile } from 'node:fs/promises'
import { startDatabase } from '@ashlar/database/start'
import { fastify } from 'fastify'
import { isLoopback, readServiceConfig, type ServiceConfig } from './config.js'
import type { Subgraph } from './define-subgraph.js'
import { openDeps } from './deps.js'
import { openDoors } from './doors.js'
import { openPages, type PagePath } from './doors-pages.js'
import { type Bus, memoryBus } from './events/bus.js'
import { natsBus } from './events/nats-bus.js'
import { GATEWAY } from './internal-keys.js'
import { listen } from './listening.js'
import { type Logger, stderrLog } from './log.js'
import { families } from './metrics/families.js'
import { metricsDoor } from './metrics/metrics-door.js'
import { processMetrics } from './metrics/process-metrics.js'
import { remotePeers } from './peers.js'
import { live, out, StartError } from './process-life.js'
import { SOCKET_BODY, Statements } from './statements.js'
import { closeAfterAnswers, stopServer } from './stop-server.js'
import { attachSockets } from './subgraph-sockets.js'
import { openTracing } from './tracing/open-tracing.js'
import { UsedNumbers } from './used-numbers.js'

/** One service that answers in this process. */
export interface RunningService extends AsyncDisposable {
  /** Where its doors are, as `http://127.0.0.1:4101`. */
  readonly url: string
  /** What whoever started it should see. */
  readonly greeting: string | null
  close(): Promise<void>
}

const REQUEST_MS = 30_000
const IDLE_CONNECTION_MS = 75_000
const HEADER_BYTES_MAX = 32 * 1024

/** The whole of a service's main.ts: serves it in this process until a signal ends it. */
export const runService = <Services, Loaders>(subgraph: Subgraph<Services, Loaders>, env: NodeJS.ProcessEnv): Promise<void> =>
  live({
    async start() {
      const config = readServiceConfig(env, subgraph.name)
      const log = stderrLog(config.logLevel)
      return startService(subgraph, config, log)
    },
    ready({ url, greeting }, startedMs) {
      const seconds = (startedMs / 1_000).toFixed(1)
      // What started it, and is told, says it in its own words.
      if (process.send) process.send({ ready: { url, greeting, seconds } })
      else out.write(`${subgraph.name} is ready on ${url} in ${seconds} s\n${greeting ? `${greeting}\n` : ''}`)
    },
  })

/** The bus of a process: NATS where the configuration names one. @throws StartError for a credentials file that can't be read */
export async function openBus(config: Pick<ServiceConfig, 'natsUrl' | 'natsCredentials'>, log: Logger): Promise<Bus> {
  const { natsUrl, natsCredentials: file } = config
  if (!natsUrl) return memoryBus()
  const credentials = file
    ? await readFile(file, 'utf8').catch((error: Error) => {
        throw new StartError(`NATS_CREDS can't be read: ${error.message}`)
      })
    : null
  return natsBus({ url: natsUrl, credentials, log })
}

/**
 * Starts one service by itself: its database, the bus, its doors. What was started is stopped again where a later step fails.
 * @throws StartError, DatabaseError or MigrationError in words for people
 */
export async function startService<Services, Loaders>(
  definition: Subgraph<Services, Loaders>,
  given: ServiceConfig,
  log: Logger,
): Promise<RunningService> {
  const { name } = definition
  const { publicUrl, internalKeys, databaseUrl, serviceDatabaseUrls, oneRole, secretKey, dataDir } = given
  // Where people come to is the gateway's; where this process listens is no business of the service.
  const config = {
    ...given,
    host: isLoopback(publicUrl.hostname) ? given.host : publicUrl.hostname,
    port: Number(publicUrl.port || (publicUrl.protocol === 'https:' ? 443 : 80)),
  }
  const closing: (() => Promise<void>)[] = []
  const close = once(async () => {
    for (const end of closing.splice(0).reverse())
      await end().catch((error: unknown) => log.error({ err: error }, 'a part did not stop in order'))
  })
  try {
    const database = await startDatabase({
      dataDir,
      databaseUrl,
      serviceUrls: serviceDatabaseUrls,
      oneRole,
      secret: secretKey,
      services: [name],
      log,
      ...(given.databaseConnections && { poolBudget: given.databaseConnections }),
    })
    closing.push(() => database.close())
    const bus = await openBus(given, log)
    closing.push(() => bus.close())
    const statements = new Statements({ name, keys: internalKeys })
    const { peers, close: closePeers } = remotePeers({ urls: config.serviceUrls, statements, bus })
    closing.push(closePeers)
    const tracing = await openTracing(config.tracing, { name: `ashlar-${name}`, log })
    if (tracing) closing.push(() => tracing.close())
    const metrics = processMetrics(config, log)
    const deps = openDeps({ db: database.service(name), config, log, bus, peers, metrics })
    if (config.natsUrl) deps.metrics.value(families.busConnected, () => (bus.crossesProcesses ? 1 : 0))
    closing.push(() => deps.close())
    const subgraph = definition.start(deps)
    closing.push(() => subgraph.close())
    await subgraph.begin()
    if (config.demo) await subgraph.demo()

    let ready = true
    const server = fastify({
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      http: { maxHeaderSize: HEADER_BYTES_MAX },
      // The client's address is as the gateway states it: what comes without a statement gets no answer.
      trustProxy: true,
      forceCloseConnections: 'idle',
      return503OnClosing: true,
    })
    closeAfterAnswers(server, () => !ready)
    let pages: readonly PagePath[] = []
    openDoors(server, {
      subgraph: { ...subgraph, doors: { ...subgraph.doors, pages: async () => pages } },
      events: deps.events,
      statements,
      numbers: new UsedNumbers(deps.db, log),
      log,
      tracing,
      isReady: () => ready,
    })
    await server.register(metricsDoor(metrics, config.metricsToken))
    if (subgraph.routes) pages = await openPages(server, { routes: subgraph.routes, statements, log })
    const sockets = attachSockets({
      server: server.server,
      path: '/graphql',
      subgraph,
      log,
      authenticate({ statement }) {
        const header = typeof statement === 'string' ? statement : undefined
        const { sender, asking, expiresInMs } = statements.verify({ header, door: '/graphql', body: SOCKET_BODY })
        return sender === GATEWAY && asking ? { asking, expiresInMs } : null
      },
    })
    deps.metrics.countSockets(sockets)
    closing.push(async () => {
      ready = false
      await stopServer(server, { leave: () => sockets.close() })
    })
    const url = await listen(server, given)
    return { url, greeting: await subgraph.greeting(), close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= work()
    return running
  }
}
