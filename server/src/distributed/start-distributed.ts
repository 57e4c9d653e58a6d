import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@ashlar/database/embedded/embedded-postgres'
import type { Settings } from '@ashlar/kit/config'
import { checkAddress } from '@ashlar/kit/listening'
import type { Logger } from '@ashlar/kit/log'
import { secretKeyIn } from '../secret-key.js'
import { serviceNames } from '../subgraphs.js'
import { gatewayEnvironment, type Surroundings, serviceEnvironment } from './environments.js'
import { ManagedProcess, type ProcessOptions, type Ready } from './managed-process.js'
import { hasNats, startNats } from './nats.js'

/** All of Ashlar as processes of their own on this machine. */
export interface Distributed extends AsyncDisposable {
  /** Where the gateways answer. */
  readonly urls: readonly string[]
  /** Where each service has its doors, by its name. */
  readonly serviceUrls: ReadonlyMap<string, string>
  /** What the services say whoever started them should see, such as the owner's link. */
  readonly greetings: readonly string[]
  readonly processes: readonly ManagedProcess[]
  readonly database: { readonly embedded: boolean }
  readonly bus: 'NATS' | 'its own NATS' | 'none'
  close(): Promise<void>
}

export interface DistributedOptions extends Pick<ProcessOptions, 'onLine' | 'onNews'> {
  /** What the processes are given of. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  readonly onProgress?: (step: string) => void
  /** Ports of the gateways: that of the settings and the next one unless given. */
  readonly gatewayPorts?: readonly number[]
  /** Whether to start a NATS server where none is named and one is installed; true unless given. */
  readonly nats?: boolean
  /** Where the processes reach each service, given where it listens: there itself, unless something stands in between. */
  readonly doorsOf?: (ports: ReadonlyMap<string, number>) => Promise<ReadonlyMap<string, number>>
}

const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
/** Of the embedded server's 100 connections, what all services together may hold. */
const EMBEDDED_CONNECTIONS = 80
const CONNECTIONS_MIN = 2

/**
 * Starts PostgreSQL and NATS where they are not given, each service, and the gateways; each process gets the keys of its own pairs and
 * no more. What was started is stopped again where a later step fails.
 * @throws StartError or EmbeddedPostgresError in words for people
 */
export async function startDistributed(settings: Settings, options: DistributedOptions): Promise<Distributed> {
  const { env, log, onLine, onNews, onProgress = () => {}, nats = true, doorsOf = async (ports) => ports } = options
  const gatewayPorts = options.gatewayPorts ?? [settings.port, settings.port + 1]
  for (const port of gatewayPorts) await checkAddress({ host: settings.host, port })
  const closing: (() => Promise<void>)[] = []
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      for (const end of closing.splice(0).reverse())
        await end().catch((error: unknown) => log.error({ err: error }, 'a part did not stop in order'))
    })()
    return closed
  }
  try {
    const secretKey = await secretKeyIn(settings.dataDir, settings.secretKey)
    const services = serviceNames()
    const shared = services.filter((name) => !settings.serviceDatabaseUrls[name])
    const embedded = settings.databaseUrl === null && shared.length > 0
    let { databaseUrl, natsUrl } = settings
    if (embedded) {
      onProgress('Starting PostgreSQL')
      const postgres = await startEmbeddedPostgres(settings.dataDir, log)
      closing.push(() => postgres.close())
      await postgres.synced
      databaseUrl = addressOf(postgres.connection)
    }
    const ports = new Map<string, number>()
    for (const name of services) ports.set(name, await freePort())
    let bus: Distributed['bus'] = natsUrl ? 'NATS' : 'none'
    if (!natsUrl && nats && hasNats()) {
      onProgress('Starting NATS')
      const started = await startNats(settings.dataDir, await freePort(), { onLine, onNews })
      closing.push(() => started.process.stop())
      natsUrl = started.url
      bus = 'its own NATS'
    }

    onProgress(`Starting ${services.join(', ')} and ${gatewayPorts.length} gateways`)
    const surroundings: Surroundings = {
      settings,
      env,
      secretKey,
      internalSecret: settings.internalSecret ?? randomBytes(32),
      databaseUrl,
      databaseConnections:
        settings.databaseConnections ?? (embedded ? Math.max(CONNECTIONS_MIN, Math.floor(EMBEDDED_CONNECTIONS / services.length)) : null),
      natsUrl,
      ports,
      doors: await doorsOf(ports),
    }
    const running = (name: string, file: string, environment: Readonly<Record<string, string>>) =>
      new ManagedProcess({ name, command: process.execPath, args: [file], env: environment, onLine, onNews })
    const serving = services.map((name) => running(name, built(`subgraphs/${name}/dist/main.js`), serviceEnvironment(name, surroundings)))
    const gateways = gatewayPorts.map((port, at) =>
      running(`gateway ${at + 1}`, built('server/dist/gateway-main.js'), gatewayEnvironment(port, surroundings)),
    )
    closing.push(() => all(serving, (process) => process.stop()))
    // Stopped before what they ask.
    closing.push(() => all(gateways, (process) => process.stop()))
    const ready = await Promise.allSettled([...serving, ...gateways].map((process) => process.start()))
    const found = ready.map((outcome): Ready | null => {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    })
    return {
      urls: found.slice(serving.length).flatMap((each) => each?.url ?? []),
      serviceUrls: new Map(serving.map(({ name }, at) => [name, found[at]?.url ?? ''])),
      greetings: found.flatMap((each) => each?.greeting ?? []),
      processes: [...serving, ...gateways],
      database: { embedded },
      bus,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const all = async <Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> => {
  await Promise.all(items.map(work))
}

/** An address for others: the embedded server listens on a socket, whose folder stands in the query. */
function addressOf({ host, port, user, password, database }: EmbeddedPostgres['connection']): string {
  const address = new URL(`postgres://localhost:${port ?? 5432}/${database ?? 'postgres'}`)
  address.username = user ?? ''
  address.password = String(password ?? '')
  address.searchParams.set('host', host ?? '')
  return address.href
}

/** A port of loopback that is free now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
