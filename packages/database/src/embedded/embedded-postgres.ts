import { copyFile, stat, truncate } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import { dataOf, ensureCluster, sweepUnfinished } from './cluster.js'
import { EmbeddedPostgresError } from './failure.js'
import { findPlace, type Place } from './place.js'
import { syncToDisk } from './programs.js'
import { findOrStartServer, type RunningServer, serverPid, stopServer } from './running-server.js'

// Any number; every start asks for the same.
const LOCK = 4_142_111_214
const LOCK_WAIT_MS = 2_000
const LOG_BYTES_MAX = 5_000_000
const LOG_LOOK_MS = 60_000
const RESTART_MS_MAX = 5_000

/** PostgreSQL in a data folder, held by this process alone. */
export interface EmbeddedPostgres {
  readonly connection: pg.ClientConfig
  readonly version: string
  readonly home: string
  readonly adopted: boolean
  pid(): number
  close(): Promise<void>
}

/**
 * Starts PostgreSQL on a data folder, or takes over what a killed process has left running, and keeps it running.
 * Who serves the folder holds a lock inside of this server, over a connection that ends with its process.
 * @throws EmbeddedPostgresError where another process serves the folder, or it can't be used.
 */
export async function startEmbeddedPostgres(dataDir: string, log: DatabaseLog): Promise<EmbeddedPostgres> {
  const place = await findPlace(dataDir)
  await boundLog(place)
  const { made } = await ensureCluster(place)
  let server = await findOrStartServer(place)
  let holder = await takeLock(server, dataDir)
  if (server.adopted) log.warn({ pid: server.pid }, 'took over the PostgreSQL that an earlier process left running')
  await sweepUnfinished(place)
  if (made)
    syncToDisk(place, dataOf(place)).catch((error: Error) =>
      log.error({ reason: error.message }, 'the new database could not be written through to the disk'),
    )

  let closing = false
  const watch = () =>
    holder.once('end', () => {
      if (!closing) void recover()
    })
  async function recover() {
    log.error({ pid: server.pid }, 'PostgreSQL ended unexpectedly: starting it anew')
    for (let wait = 100; !closing; wait = Math.min(2 * wait, RESTART_MS_MAX)) {
      try {
        server = await findOrStartServer(place)
        holder = await takeLock(server, dataDir)
        watch()
        log.info({ pid: server.pid }, 'PostgreSQL serves again')
        return
      } catch (error) {
        log.error({ reason: (error as Error).message }, 'PostgreSQL does not start')
        await delay(wait)
      }
    }
  }
  watch()
  const looking = setInterval(() => void boundLog(place).catch(() => {}), LOG_LOOK_MS).unref()

  return {
    connection: server.connection,
    version: place.version,
    home: place.home,
    adopted: server.adopted,
    pid: () => server.pid,
    async close() {
      closing = true
      clearInterval(looking)
      const pid = await serverPid(place)
      if (pid) await stopServer(place, pid)
      await holder.end().catch(() => {})
    },
  }
}

async function takeLock({ connection }: RunningServer, dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({ ...connection, application_name: 'ashlar lock' })
  client.on('error', () => {})
  await client.connect()
  // The server takes a moment to notice that the one before was killed.
  for (const until = Date.now() + LOCK_WAIT_MS; Date.now() < until; await delay(50)) {
    const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [LOCK])
    if (rows[0].taken) return client
  }
  await client.end()
  throw new EmbeddedPostgresError(
    `Another Ashlar is running on the data folder ${dataDir}. Stop it first, or set DATA_DIR to another folder.`,
  )
}

// The server appends, so what is cut off at once is the file's whole past.
async function boundLog({ log }: Place): Promise<void> {
  const found = await stat(log).catch(() => null)
  if (!found || found.size <= LOG_BYTES_MAX) return
  await copyFile(log, `${log}.1`)
  await truncate(log)
}
