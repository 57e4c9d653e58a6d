import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { dataOf, socketFolder } from './cluster.js'
import { asFolderError, EmbeddedPostgresError, folderErrorIn } from './failure.js'
import type { Place } from './place.js'
import { commandOf, isRunning, signal } from './process.js'
import { settingArguments, spawnServer } from './programs.js'

const SILENT_MS = 30_000
/** After a crash the server reads its log of changes again before it serves; that it lives it says meanwhile. */
const RECOVERY_MS = 600_000
const STOP_MS = 15_000
const ASK_AGAIN_MS = 15
const TRY_AGAIN_MS = 100

/** The server of a data folder, with the lock on it that this process holds. */
export interface HeldServer {
  readonly pid: number
  readonly connection: pg.ClientConfig
  /** Whether it was there already, left by a process that was killed. */
  readonly adopted: boolean
  /** The connection that holds the lock: it ends with this process, or with the server. */
  readonly holder: pg.Client
}

/**
 * Takes over the server that was left running on a place's data, or starts one.
 * @throws EmbeddedPostgresError where another process holds it, or it does not start.
 */
export async function takeServer(place: Place, extra: Readonly<Record<string, string>> = {}): Promise<HeldServer> {
  const connection = await connectionTo(place)
  const settings = { ...extra, unix_socket_directories: String(connection.host) }
  // It tells a later start whether the server runs as that start would have it.
  const made = [place.version, ...settingArguments(settings)].join('\n')
  const name = `ashlar-${createHash('sha256').update(made).digest('hex').slice(0, 12)}`

  for (const until = Date.now() + SILENT_MS; ; await delay(TRY_AGAIN_MS)) {
    const left = await findServer(place, connection)
    const found = left && (await takeLock(connection, place, left))
    if (found && found.name === name) return { pid: left, connection, adopted: true, holder: found.holder }
    if (found) {
      // Started by another version or with other settings.
      await stopServer(place, left)
      await found.holder.end().catch(() => {})
    }
    const { pid, words } = await startServer(place, connection, { ...settings, cluster_name: name })
    const started = pid && (await takeLock(connection, place, pid))
    if (started) return { pid, connection, adopted: false, holder: started.holder }
    // Two starts at once, or the last of what a killed server has left: both are over in a moment.
    const mayPass = pid || PASSING.test(words) || (await serverPid(place)) !== null
    if (!mayPass || Date.now() > until)
      throw (
        folderErrorIn(words, place.dataDir) ??
        (await fullDisk(place)) ??
        new EmbeddedPostgresError(`PostgreSQL does not start on ${place.home}. Its last words, from ${place.log}:\n${words}`)
      )
  }
}

/** The way to the server that runs on a place's data, whoever holds it: the lock stays as it is. null where none runs. */
export async function reachServer(place: Place): Promise<pg.ClientConfig | null> {
  const connection = await connectionTo(place)
  return (await findServer(place, connection)) ? connection : null
}

async function connectionTo(place: Place): Promise<pg.ClientConfig> {
  const host = await socketFolder(place)
  const password = await readFile(join(place.home, 'password'), 'utf8')
  return { host, port: 5432, user: 'postgres', database: 'postgres', password: password.trim(), ssl: false }
}

// On a full disk the server has no room for its last words either.
async function fullDisk({ dataDir, home }: Place): Promise<Error | null> {
  const { bavail, bsize } = await statfs(home)
  return bavail * bsize < ROOM_TO_START_BYTES ? asFolderError(dataDir, Object.assign(new Error('no room'), { code: 'ENOSPC' })) : null
}

const ROOM_TO_START_BYTES = 1_000_000
const PASSING = /lock file|shared memory block/

// Servers that this process has started, until the system has been told that their end is known: else they stay as defunct.
const children = new Map<number, ChildProcess>()

/** Stops in order: running transactions are rolled back, everything is written. Resolves when the process is gone. */
export async function stopServer(place: Place, pid: number): Promise<void> {
  await endInOrder(place, pid)
  const child = children.get(pid)
  if (!child) return
  child.ref()
  await once(child, 'exit')
}

async function endInOrder(place: Place, pid: number): Promise<void> {
  for (const name of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isServer(pid, place)) return
    signal(pid, name)
    for (const until = Date.now() + STOP_MS; Date.now() < until; await delay(ASK_AGAIN_MS)) if (!isServer(pid, place)) return
  }
}

/** The process that postmaster.pid names, where it lives and is PostgreSQL on these data: numbers of processes come again. */
export async function serverPid(place: Place): Promise<number | null> {
  const text = await readFile(join(dataOf(place), 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number(text.split('\n')[0])
  return Number.isInteger(pid) && pid > 1 && isServer(pid, place) ? pid : null
}

function isServer(pid: number, place: Place): boolean {
  if (!isRunning(pid)) return false
  const command = commandOf(pid)
  return command === null || command.includes(dataOf(place))
}

// One that is still starting or recovering answers later; one that is gone, never.
async function findServer(place: Place, connection: pg.ClientConfig): Promise<number | null> {
  const pid = await serverPid(place)
  const ready = pid && (await becomesReady(connection, () => isServer(pid, place)))
  return ready ? pid : null
}

async function startServer(
  place: Place,
  connection: pg.ClientConfig,
  settings: Readonly<Record<string, string>>,
): Promise<{ pid: number | null; words: string }> {
  const from = (await stat(place.log).catch(() => null))?.size ?? 0
  const child = spawnServer(place, dataOf(place), settings)
  const { pid = 0 } = child
  children.set(pid, child)
  let end: string | null = null
  child.once('error', (error) => {
    children.delete(pid)
    end = error.message
  })
  child.once('exit', (code, name) => {
    children.delete(pid)
    end = `It ended with ${name ?? code}.`
  })
  child.unref()
  const ready = await becomesReady(connection, () => end === null)
  // What answered may be the server of another start at the same moment, which this one is about to give way to.
  if (ready && pid && (await serverPid(place)) === pid) return { pid, words: '' }
  if (end === null && pid) await stopServer(place, pid)
  const words = (await readFile(place.log).catch(() => Buffer.alloc(0))).subarray(from).toString().trim().split('\n').slice(-5)
  return { pid: null, words: [...words, end ?? `It did not answer for ${SILENT_MS / 1_000} s.`].join('\n') }
}

async function becomesReady(connection: pg.ClientConfig, mayCome: () => boolean): Promise<boolean> {
  const start = Date.now()
  for (let until = start + SILENT_MS; Date.now() < until && mayCome(); await delay(ASK_AGAIN_MS)) {
    const answer = await ask(connection)
    if (answer === 'ready') return true
    if (answer === 'starting') until = Math.min(Date.now() + SILENT_MS, start + RECOVERY_MS)
  }
  return false
}

async function ask(connection: pg.ClientConfig): Promise<'ready' | 'starting' | 'silent'> {
  // Cheaper than an attempt to connect, forty times a second.
  if (!(await stat(`${connection.host}/.s.PGSQL.${connection.port}`).catch(() => null))) return 'silent'
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.end()
    return 'ready'
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '57P03') return 'starting'
    if (code !== '28P01') return 'silent'
    throw new EmbeddedPostgresError(`The password of the embedded PostgreSQL in ${connection.host} is not the one that it was made with.`)
  }
}

// Any number; every start on a data folder asks for the same.
const LOCK = 4_142_111_214
const LOCK_NAME = 'ashlar lock of '

/** The lock on a data folder; null where the server went away meanwhile. @throws EmbeddedPostgresError where another process holds the lock. */
export async function takeLock(
  connection: pg.ClientConfig,
  place: Place,
  pid: number,
): Promise<{ holder: pg.Client; name: string } | null> {
  const holder = new pg.Client({ ...connection, application_name: `${LOCK_NAME}${process.pid}` })
  holder.on('error', () => {})
  try {
    await holder.connect()
    for (const from = Date.now(); ; await delay(ASK_AGAIN_MS)) {
      const { rows } = await holder.query(TAKE_LOCK, [LOCK])
      if (rows[0].taken) return { holder, name: rows[0].name }
      // The server takes a moment to notice that the one before was killed, and longer where it has much to do.
      const by = Number(rows[0].by?.slice(LOCK_NAME.length))
      if (Date.now() - from > (by > 0 && isRunning(by) ? HELD_MS : NOTICED_MS)) break
    }
  } catch (error) {
    await holder.end().catch(() => {})
    if (isServer(pid, place) && !isLoss(error)) throw error
    return null
  }
  await holder.end().catch(() => {})
  throw new EmbeddedPostgresError(
    `Another Ashlar is running on the data folder ${place.dataDir}. Stop it first, or set DATA_DIR to another folder.`,
  )
}

const HELD_MS = 300
const NOTICED_MS = 10_000
// One number in a lock of two halves: the lower one is in objid.
const TAKE_LOCK = `
  select pg_try_advisory_lock($1) as taken, current_setting('cluster_name') as name,
    (select application_name from pg_locks join pg_stat_activity using (pid)
     where locktype = 'advisory' and objid = $1::bigint::oid and granted and pg_locks.pid <> pg_backend_pid() limit 1) as by`

// Of a server that stops or starts anew.
const isLoss = (error: unknown): boolean => !(error instanceof pg.DatabaseError) || ['57P01', '57P02', '57P03'].includes(error.code ?? '')
