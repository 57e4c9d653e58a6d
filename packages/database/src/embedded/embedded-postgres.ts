import { copyFile, stat, truncate } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import { ensureCluster, removeSocketFolder, sweepUnfinished, syncCluster } from './cluster.js'
import { findPlace, type Place } from './place.js'
import { serverPid, stopServer, takeLock, takeServer } from './running-server.js'

const LOG_BYTES_MAX = 5_000_000
const LOG_LOOK_MS = 60_000
const RESTART_MS_MAX = 5_000

/** PostgreSQL in a data folder, held by this process alone. */
export interface EmbeddedPostgres {
  readonly connection: pg.ClientConfig
  readonly home: string
  readonly adopted: boolean
  /** Of the server as it runs now. */
  pid(): number
  /** Resolves when a new cluster is on the disk; to be waited for before a first write is acknowledged. */
  readonly synced: Promise<void>
  /** Stops the server; whoever uses it has let go of it before. */
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
  await ensureCluster(place)
  let server = await takeServer(place)
  if (server.adopted) log.warn({ pid: server.pid }, 'took over the PostgreSQL that an earlier process left running')
  await sweepUnfinished(place)
  const synced = syncCluster(place)
  // Who waits for it is told; nobody's waiting is no reason to end the process.
  synced.catch(() => {})

  const closing = new AbortController()
  let recovering: Promise<void> | undefined
  let held = true
  const watch = () =>
    server.holder.once('end', () => {
      held = false
      if (!closing.signal.aborted) recovering = recover()
    })
  async function recover() {
    log.error({ pid: server.pid }, 'PostgreSQL ended unexpectedly: starting it anew')
    for (let wait = 100; !closing.signal.aborted; wait = Math.min(2 * wait, RESTART_MS_MAX)) {
      try {
        server = await takeServer(place)
        held = true
        watch()
        log.info({ pid: server.pid }, 'PostgreSQL serves again')
        return
      } catch (error) {
        log.error({ reason: (error as Error).message }, 'PostgreSQL does not start')
        await delay(wait, undefined, { signal: closing.signal }).catch(() => {})
      }
    }
  }
  watch()
  const looking = setInterval(() => void boundLog(place).catch(() => {}), LOG_LOOK_MS).unref()

  let closed: Promise<void> | undefined
  async function close() {
    closing.abort()
    clearInterval(looking)
    await recovering
    await synced.catch(() => {})
    const pid = await serverPid(place)
    // While this process had lost the server, another one may have taken it: then it is that one's.
    const holder = pid && !held ? await takeLock(server.connection, place, pid).catch(() => null) : server
    if (pid && holder) await stopServer(place, pid)
    await holder?.holder.end().catch(() => {})
    await removeSocketFolder(place)
  }
  return {
    connection: server.connection,
    home: place.home,
    adopted: server.adopted,
    pid: () => server.pid,
    synced,
    close() {
      closed ??= close()
      return closed
    },
  }
}

// The server appends, so what is cut off at once is the file's whole past.
async function boundLog({ log }: Place): Promise<void> {
  const found = await stat(log).catch(() => null)
  if (!found || found.size <= LOG_BYTES_MAX) return
  await copyFile(log, `${log}.1`)
  await truncate(log)
}
