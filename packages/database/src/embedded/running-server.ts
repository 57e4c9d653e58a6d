import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { dataOf, socketFolder } from './cluster.js'
import { EmbeddedPostgresError } from './failure.js'
import type { Place } from './place.js'
import { settingArguments, spawnServer } from './programs.js'

const READY_MS = 30_000
const STOP_MS = 15_000
const ASK_AGAIN_MS = 15

/** The server of a data folder, whoever started it. */
export interface RunningServer {
  readonly pid: number
  readonly connection: pg.ClientConfig
  /** Whether it was there already, left by a process that was killed. */
  readonly adopted: boolean
}

/** Answers the server that runs on these data, or starts one. */
export async function findOrStartServer(place: Place, extra: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const socket = await socketFolder(place)
  const connection: pg.ClientConfig = {
    host: socket,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    password: (await readFile(join(place.home, 'password'), 'utf8')).trim(),
  }
  const settings = { ...extra, unix_socket_directories: socket }
  const cluster_name = `ashlar-${createHash('sha256')
    .update([place.version, ...settingArguments(settings)].join('\n'))
    .digest('hex')
    .slice(0, 12)}`

  const left = await serverPid(place)
  if (left && (await answers(connection, left, place))) {
    if ((await clusterName(connection)) === cluster_name) return { pid: left, connection, adopted: true }
    // Started by another version or with other settings.
    await stopServer(place, left)
  }
  const child = spawnServer(place, dataOf(place), { ...settings, cluster_name })
  let exit: string | null = null
  child.once('error', (error) => {
    exit = error.message
  })
  child.once('exit', (code, signal) => {
    exit = `it ended with ${signal ?? code}`
  })
  child.unref()
  for (const until = Date.now() + READY_MS; Date.now() < until && exit === null; await delay(ASK_AGAIN_MS))
    if (await connects(connection)) return { pid: child.pid ?? 0, connection, adopted: false }
  // Two starts at once: the server of the other one is the server of this folder.
  const other = await serverPid(place)
  if (other && other !== child.pid && (await answers(connection, other, place))) return { pid: other, connection, adopted: true }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not start on ${place.home}: ${exit ?? 'no answer for 30 s'}. Its last words, from ${place.log}:\n${await lastWords(place)}`,
  )
}

/** Stops in order: running transactions are rolled back, everything is written. Resolves when the process is gone. */
export async function stopServer(place: Place, pid: number): Promise<void> {
  signal(pid, 'SIGINT')
  for (const until = Date.now() + STOP_MS; Date.now() < until; await delay(ASK_AGAIN_MS)) if (!(await serverPid(place))) return
  signal(pid, 'SIGQUIT')
  for (const until = Date.now() + STOP_MS; Date.now() < until; await delay(ASK_AGAIN_MS)) if (!isAlive(pid)) return
}

/** The process that postmaster.pid names, where it lives and is PostgreSQL on these data: numbers of processes come again. */
export async function serverPid(place: Place): Promise<number | null> {
  const lines = (await readFile(join(dataOf(place), 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return null
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null)
  return command === null || command.includes(dataOf(place)) ? pid : null
}

// One that is still starting or recovering answers later; one that is gone, never.
async function answers(connection: pg.ClientConfig, pid: number, place: Place): Promise<boolean> {
  for (const until = Date.now() + READY_MS; Date.now() < until; await delay(ASK_AGAIN_MS)) {
    if (await connects(connection)) return true
    if (!isAlive(pid) || !(await serverPid(place))) return false
  }
  return false
}

async function connects(connection: pg.ClientConfig): Promise<boolean> {
  // Cheaper than an attempt to connect, forty times a second.
  if (!(await stat(`${connection.host}/.s.PGSQL.5432`).catch(() => null))) return false
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  return client.connect().then(
    () => client.end().then(() => true),
    (error: { code?: string }) => {
      if (error.code === '28P01')
        throw new EmbeddedPostgresError(
          `The password of the embedded PostgreSQL in ${connection.host} is not the one that it was made with.`,
        )
      return false
    },
  )
}

async function clusterName(connection: pg.ClientConfig): Promise<string> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    const { rows } = await client.query('show cluster_name')
    return rows[0].cluster_name
  } finally {
    await client.end()
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function lastWords({ log }: Place): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-5).join('\n')
}
