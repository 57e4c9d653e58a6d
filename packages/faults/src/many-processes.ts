import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '@ashlar/kit/config'
import { GATEWAY, keysFor, readKeys } from '@ashlar/kit/internal-keys'
import { silentLog } from '@ashlar/kit/log'
import { SOCKET_BODY, Statements } from '@ashlar/kit/statements'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { Line } from '@ashlar/kit/testing/line'
import { freePort } from '@ashlar/kit/testing/nats-server'
import { serviceEnvironment } from '@ashlar/server/distributed/environments'
import { ManagedProcess } from '@ashlar/server/distributed/managed-process'
import { hasNats } from '@ashlar/server/distributed/nats'
import { startDistributed } from '@ashlar/server/distributed/start-distributed'
import { serviceNames } from '@ashlar/server/subgraphs'
import { type BusLine, startBus } from './bus-line.js'
import { ServiceClocks } from './clock.js'
import { guard } from './guardian.js'
import { Closing, type House, Output, OWNER, type SocketDoor, type Target } from './house.js'
import { type HousePostgres, postgresTarget, startPostgres } from './postgres.js'
import { isAllAnswered, targetOfProcess } from './probes.js'

/** All of Ashlar as processes of their own on loopback, with a line between any two that talk. */
export interface ManyProcesses extends House {
  readonly postgres: HousePostgres
  /** Starts one more process of a service, over the same database and bus. No gateway knows of it. */
  another(service: string): Promise<AnotherProcess>
}

export interface AnotherProcess {
  readonly process: ManagedProcess
  readonly toPostgres: Line
  /** Its way to NATS, and what is lost on it; null where no NATS server is installed. */
  readonly toNats: BusLine | null
  readonly socket: SocketDoor
}

export interface ManyProcessesOptions {
  readonly nats?: boolean
}

const built = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

export async function startManyProcesses({ nats = true }: ManyProcessesOptions = {}): Promise<ManyProcesses> {
  const closing = new Closing()
  try {
    return await start(nats && hasNats(), closing)
  } catch (error) {
    await closing.all()
    throw error
  }
}

async function start(withNats: boolean, closing: Closing): Promise<ManyProcesses> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-faults-'))
  closing.add(() => rm(dataDir, { recursive: true, force: true }))
  const guardian = guard(dataDir)
  closing.add(async () => guardian.dismiss())
  const output = new Output()
  const onLine = (name: string, line: string) => output.add(`${name}: ${line}\n`)
  const onNews = (text: string) => output.add(`${text}\n`)
  const lines = new Map<string, Line>()

  const postgres = await startPostgres(dataDir, closing)
  const databaseUrls: Record<string, string> = {}
  for (const name of serviceNames()) {
    const { line, url } = await postgres.line()
    lines.set(`${name} > postgres`, line)
    databaseUrls[`${name.toUpperCase()}_DATABASE_URL`] = url
  }
  const bus = withNats ? await startBus(dataDir, closing, { onLine, onNews }) : null
  const toNats = bus ? await bus.line() : null
  if (toNats) lines.set('all > nats', toNats.line)

  const internalSecret = randomBytes(32)
  const gatewayPorts = [await freePort(), await freePort()]
  const { PATH = '', HOME = '' } = process.env
  const env = {
    PATH,
    HOME,
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    PORT: String(gatewayPorts[0]),
    INTERNAL_SECRET: internalSecret.toString('base64'),
    SECRET_KEY: randomBytes(32).toString('base64'),
    OWNER_EMAIL: OWNER.login,
    OWNER_PASSWORD: OWNER.password,
    ...databaseUrls,
    ...(toNats && { NATS_URL: toNats.url }),
  }
  const settings = readConfig(env)
  let ports: ReadonlyMap<string, number> = new Map()
  const doors = new Map<string, number>()
  const distributed = await startDistributed(settings, {
    env,
    log: silentLog(),
    gatewayPorts,
    nats: false,
    onLine,
    onNews,
    async doorsOf(given) {
      ports = given
      for (const [name, port] of ports) {
        const line = await Line.open({ host: '127.0.0.1', port })
        closing.add(() => line.close())
        lines.set(`gateways > ${name}`, line)
        doors.set(name, line.port)
      }
      return doors
    },
  })
  closing.add(() => distributed.close())

  const statements = new Statements({
    name: GATEWAY,
    keys: readKeys(keysFor(internalSecret, GATEWAY, [GATEWAY, ...ports.keys()])) ?? new Map(),
  })
  async function socketAt(service: string, port: number, name: string): Promise<SocketDoor> {
    const line = await Line.open({ host: '127.0.0.1', port })
    closing.add(() => line.close())
    lines.set(name, line)
    const moderator = askingAs({ role: 'MODERATOR' })
    return {
      url: `${line.url.replace('http', 'ws')}/graphql`,
      payload: (as) => ({
        statement: statements.sign({
          audience: service,
          door: '/graphql',
          body: SOCKET_BODY,
          asking: as === 'nobody' ? askingAsNobody() : moderator,
        }),
      }),
    }
  }
  const sockets = new Map<string, SocketDoor>()
  for (const [name, port] of ports) sockets.set(name, await socketAt(name, port, `subscribers > ${name}`))

  const { urls } = distributed
  const targets: Target[] = [
    ...distributed.processes.map((each) => targetOfProcess(each, urls)),
    postgresTarget(postgres, () => isAllAnswered(urls)),
    ...(bus ? [bus.target] : []),
  ]

  let more = 1
  return {
    way: 'many processes',
    urls,
    owner: OWNER,
    targets,
    lines,
    postgres,
    clocks: new ServiceClocks(postgres.query),
    socketOf: (service) => sockets.get(service) ?? null,
    output: () => String(output),
    async another(service) {
      more += 1
      const name = `${service} ${more}`
      const { line: toPostgres, url: databaseUrl } = await postgres.line()
      lines.set(`${name} > postgres`, toPostgres)
      const ownBus = bus ? await bus.line() : null
      if (ownBus) lines.set(`${name} > nats`, ownBus.line)
      const port = await freePort()
      const environment = serviceEnvironment(service, {
        settings,
        env: { ...env, [`${service.toUpperCase()}_DATABASE_URL`]: databaseUrl },
        internalSecret,
        secretKey: Buffer.from(env.SECRET_KEY, 'base64'),
        databaseUrl: null,
        databaseConnections: null,
        natsUrl: ownBus?.url ?? null,
        ports: new Map([...ports, [service, port]]),
        doors,
      })
      const managed = new ManagedProcess({
        name,
        command: process.execPath,
        args: [built(`subgraphs/${service}/dist/main.js`)],
        env: environment,
        onLine,
        onNews,
      })
      closing.add(() => managed.stop())
      await managed.start()
      return { process: managed, toPostgres, toNats: ownBus, socket: await socketAt(service, port, `subscribers > ${name}`) }
    },
    close: closing.all,
    [Symbol.asyncDispose]: closing.all,
  }
}
