import { mkdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ensureCluster } from '../embedded/cluster.js'
import { findPlace } from '../embedded/place.js'
import { takeServer } from '../embedded/running-server.js'

const START_MS = 60_000
const LOOK_AGAIN_MS = 10

// Nothing in it has to outlive a fall of the machine.
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' }

/**
 * The connection of the superuser to the one server of this run of jest, started by whoever asks first.
 * The global teardown stops it (testing/test-server.mjs).
 */
export async function testServer(): Promise<pg.ClientConfig> {
  const folder = process.env.ASHLAR_TEST_SERVER
  if (!folder) throw new Error("the database of the tests comes with the root's jest.config.mjs: its globalSetup has not run")
  const known = join(folder, 'server.json')
  const starting = join(folder, 'starting')
  for (const until = Date.now() + START_MS; Date.now() < until; await delay(LOOK_AGAIN_MS)) {
    const text = await readFile(known, 'utf8').catch(() => null)
    if (text) return JSON.parse(text).connection
    if (!(await isMade(starting))) continue
    try {
      return await start(folder, known)
    } catch (error) {
      // The next one tries, and says itself what it failed of.
      await rmdir(starting)
      throw error
    }
  }
  throw new Error(`the PostgreSQL of the tests does not start in ${folder}`)
}

async function start(folder: string, known: string): Promise<pg.ClientConfig> {
  const place = await findPlace(folder)
  await ensureCluster(place)
  const { pid, connection, holder } = await takeServer(place, SETTINGS)
  await holder.end()
  await writeFile(`${known}.new`, JSON.stringify({ pid, home: place.home, connection }), { mode: 0o600 })
  await rename(`${known}.new`, known)
  return connection
}

const isMade = (folder: string): Promise<boolean> =>
  mkdir(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
