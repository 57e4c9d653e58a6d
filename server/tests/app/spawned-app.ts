import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { until } from '@ashlar/kit/testing/until'

const built = (name: string) => fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url))
const READY_MS = 60_000

/** Ashlar as a process of its own, as `npm start` runs it, with its embedded PostgreSQL. */
export interface SpawnedApp {
  readonly pid: number
  readonly url: string
  /** All that it has printed so far. */
  output(): string
  exitCode(): number | null
  /** SIGKILL to this process and to its PostgreSQL, at the same time. */
  killAll(): Promise<void>
  /** SIGKILL to this process alone. */
  kill(): Promise<void>
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>
}

export interface SpawnOptions {
  readonly dataDir: string
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
  /** Another way to start it than `npm start`'s. */
  readonly main?: 'main' | 'distributed-main'
  /** Whether to wait until it is ready; true unless given. */
  readonly ready?: boolean
}

export async function spawnApp({ dataDir, port, env = {}, main = 'main', ready = true }: SpawnOptions): Promise<SpawnedApp> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [built(main)], {
    env: { PATH, HOME, PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  const ended = () => child.exitCode !== null || child.signalCode !== null
  if (ready) {
    await until(() => ended() || printed.includes('Ctrl-C stops'), READY_MS)
    if (ended()) throw new Error(`it ended at once:\n${printed}`)
  }
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    output: () => printed,
    exitCode: () => child.exitCode,
    async killAll() {
      const servers = await postgresOf(dataDir)
      for (const pid of [child.pid ?? 0, ...servers]) killed(pid)
      await gone(child)
      await until(async () => (await postgresOf(dataDir)).length === 0, READY_MS)
    },
    async kill() {
      child.kill('SIGKILL')
      await gone(child)
    },
    async stop() {
      child.kill('SIGTERM')
      await gone(child)
      return child.exitCode
    },
  }
}

const gone = (child: ChildProcess): Promise<void> => until(() => child.exitCode !== null || child.signalCode !== null, READY_MS)

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** The servers that run on a data folder, by their command lines. */
export async function postgresOf(dataDir: string): Promise<number[]> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(
    processes.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return command.includes('/postgres\0') && command.includes(dataDir) ? [Number(pid)] : []
    }),
  )
  return found.flat()
}
