import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ManagedProcess, type ProcessOptions } from './managed-process.js'

export interface StartedNats {
  /** With user and password. */
  readonly url: string
  readonly process: ManagedProcess
}

const LOG_BYTES_MAX = 1_000_000
const FORGOTTEN_MS = 5_000
const LOOK_MS = 20

/** Whether this machine has a NATS server on the PATH. */
export const hasNats = (): boolean => spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0

/** Starts a NATS server on loopback that wants a password, made for this start alone. */
export async function startNats(dataDir: string, port: number, options: Pick<ProcessOptions, 'onLine' | 'onNews'>): Promise<StartedNats> {
  const password = randomBytes(24).toString('base64url')
  const file = join(dataDir, 'nats.conf')
  const pidFile = join(dataDir, 'nats.pid')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await endForgotten(pidFile, file)
  // In a file, since a command line is everybody's to read.
  const log = join(dataDir, 'nats.log')
  const settings = [
    `listen: 127.0.0.1:${port}`,
    `pid_file: ${JSON.stringify(pidFile)}`,
    `log_file: ${JSON.stringify(log)}`,
    `logfile_size_limit: ${LOG_BYTES_MAX}`,
    `authorization { user: ashlar, password: "${password}" }`,
  ]
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o600 })
  const nats = new ManagedProcess({
    ...options,
    name: 'nats',
    command: 'nats-server',
    args: ['--config', file],
    env: { PATH: process.env.PATH ?? '' },
    isReady: () => listens(port),
  })
  await nats.start()
  return { url: `nats://ashlar:${password}@127.0.0.1:${port}`, process: nats }
}

/** What a start that was killed has left running, where the machine can tell that it is that. It takes its pid file with it. */
async function endForgotten(pidFile: string, file: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  const commandOf = () => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const isOurs = async () => (await commandOf()).includes(file)
  if (!(pid > 0) || !(await isOurs())) return
  process.kill(pid, 'SIGTERM')
  for (const end = performance.now() + FORGOTTEN_MS; performance.now() < end && (await isOurs()); ) await delay(LOOK_MS)
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
