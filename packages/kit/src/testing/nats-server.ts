import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.js'

/** Whether this machine has a NATS server on the PATH. */
export const hasNats = spawnSync('nats-server', ['--version']).status === 0
if (!hasNats) process.stderr.write('There is no nats-server on the PATH: its tests are left out.\n')

/** A NATS server of a test's own, on loopback, that wants a password. */
export interface TestNats extends AsyncDisposable {
  readonly url: string
  urlAs(user: string, password: string): string
  kill(): Promise<void>
  start(): Promise<void>
}

export async function startNats(): Promise<TestNats> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-nats-'))
  const port = await freePort()
  const password = randomBytes(16).toString('hex')
  const file = join(folder, 'nats.conf')
  await writeFile(file, `listen: 127.0.0.1:${port}\nauthorization { user: ashlar, password: "${password}" }\n`, { mode: 0o600 })
  let child: ChildProcess | null = null
  const urlAs = (user: string, secret: string) => `nats://${user}:${secret}@127.0.0.1:${port}`
  const kill = async () => {
    const killed = child
    child = null
    if (!killed || killed.exitCode !== null) return
    killed.kill('SIGKILL')
    await once(killed, 'exit')
  }
  const start = async () => {
    child = spawn('nats-server', ['-c', file], { stdio: 'ignore' })
    await until(() => answers(port))
  }
  await start()
  return {
    url: urlAs('ashlar', password),
    urlAs,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
