import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@ashlar/kit/testing/nats-server'
import { until } from '@ashlar/kit/testing/until'
import { ManagedProcess } from '@ashlar/server/distributed/managed-process'
import { queryOnce, ServiceClocks } from './clock.js'
import { guard, processesOn } from './guardian.js'
import { Closing, type House, Output, OWNER } from './house.js'
import { signal } from './signal.js'

/** All of Ashlar as `npm start` runs it: one process, and its PostgreSQL. */
export interface OneProcess extends House {
  /** SIGKILL to the process and to its PostgreSQL at the same time. Nobody starts them again by themselves. */
  killAll(): Promise<void>
  start(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../../../server/dist/main.js', import.meta.url))
const GONE_MS = 60_000

export async function startOneProcess(): Promise<OneProcess> {
  const closing = new Closing()
  const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-faults-'))
  closing.add(() => rm(dataDir, { recursive: true, force: true }))
  const guardian = guard(dataDir)
  closing.add(async () => guardian.dismiss())
  const output = new Output()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { PATH = '', HOME = '' } = process.env
  const env = {
    PATH,
    HOME,
    PORT: String(port),
    DATA_DIR: dataDir,
    LOG_LEVEL: 'warn',
    OWNER_EMAIL: OWNER.login,
    OWNER_PASSWORD: OWNER.password,
  }
  let running: ManagedProcess | null = null
  closing.add(() => running?.stop())
  const start = async () => {
    running = new ManagedProcess({
      name: 'ashlar',
      command: process.execPath,
      args: [MAIN],
      env,
      isReady: () => isReady(url),
      onLine: (name, line) => output.add(`${name}: ${line}\n`),
      onNews: (text) => output.add(`${text}\n`),
    })
    await running.start()
  }
  try {
    await start()
  } catch (error) {
    await closing.all()
    throw error
  }
  return {
    way: 'one process',
    urls: [url],
    owner: OWNER,
    targets: [{ name: 'ashlar', pid: () => running?.pid ?? null, answers: () => isReady(url) }],
    lines: new Map(),
    clocks: new ServiceClocks(async (text) => queryOnce(await connectionTo(dataDir), text)),
    socketOf: () => null,
    output: () => String(output),
    start,
    async killAll() {
      for (const pid of await processesOn(dataDir)) if (pid !== guardian.pid) signal(pid, 'SIGKILL')
      await running?.stop()
      await until(async () => (await processesOn(dataDir)).every((pid) => pid === guardian.pid), GONE_MS)
    },
    close: closing.all,
    [Symbol.asyncDispose]: closing.all,
  }
}

/** To the PostgreSQL that the process runs in its data folder. */
async function connectionTo(dataDir: string) {
  const host = join(dataDir, 'postgres')
  return { host, user: 'postgres', database: 'postgres', password: (await readFile(join(host, 'password'), 'utf8')).trim() }
}

const isReady = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  )
