import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase } from '@ashlar/database/testing'
import { readConfig } from '@ashlar/kit/config'
import { silentLog } from '@ashlar/kit/log'
import { hasNats } from '@ashlar/kit/testing/nats-server'
import type { ManagedProcess } from '../../src/distributed/managed-process.js'
import { startDistributed } from '../../src/distributed/start-distributed.js'
import { ask, freePort, type TestHouse } from './test-app.js'

/** All of Ashlar as processes of their own, with two gateways, on a database of its own. */
export interface TestProcesses extends TestHouse {
  /** Of both gateways; `url` is the first one's. */
  readonly urls: readonly [string, string]
  /** Of each service, by its name. */
  readonly serviceUrls: ReadonlyMap<string, string>
  /** What the keys between the processes are derived from. */
  readonly internalSecret: Buffer
  /** Whether hints go over NATS; where none is installed each process looks for itself. */
  readonly nats: boolean
  /** All that was printed. */
  output(): string
  process(name: string): ManagedProcess
}

export interface TestProcessesOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly nats?: boolean
}

/** Runs what was built, as `npm run start:distributed` does. */
export async function startTestProcesses({ env = {}, nats = true }: TestProcessesOptions = {}): Promise<TestProcesses> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  const database = await startTestDatabase({ services: [] })
  const ports = [await freePort(), await freePort()] as const
  const { PATH = '', HOME = '' } = process.env
  const internalSecret = randomBytes(32)
  const given = {
    INTERNAL_SECRET: internalSecret.toString('base64'),
    PATH,
    HOME,
    LOG_LEVEL: 'warn',
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    PORT: String(ports[0]),
    ...env,
  }
  let printed = ''
  const end = async () => {
    await database.close()
    await rm(dataDir, { recursive: true, force: true })
  }
  const house = await startDistributed(readConfig(given), {
    env: given,
    log: silentLog(),
    gatewayPorts: ports,
    nats,
    onLine: (name, line) => (printed += `${name}: ${line}\n`),
    onNews: (text) => (printed += `${text}\n`),
  }).catch(async (error: unknown) => {
    await end()
    throw error
  })
  const close = async () => {
    await house.close()
    await end()
  }
  const [url = '', other = ''] = house.urls
  return {
    url,
    urls: [url, other],
    serviceUrls: house.serviceUrls,
    internalSecret,
    dataDir,
    nats: house.bus !== 'none',
    output: () => printed,
    process(name) {
      const found = house.processes.find((each) => each.name === name)
      if (!found) throw new Error(`there is no process ${name}`)
      return found
    },
    ask: (query, variables, asked) => ask(url, query, variables, asked),
    close,
    [Symbol.asyncDispose]: close,
  }
}

if (!hasNats) process.stderr.write('The processes of this test run without NATS.\n')
