import { constants, existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import { hasCluster } from './cluster.js'
import { startEmbeddedPostgres } from './embedded-postgres.js'
import { EmbeddedPostgresError } from './failure.js'
import { findPlace, type Place } from './place.js'
import { reachServer } from './running-server.js'

export interface VisitedPostgres {
  readonly connection: pg.ClientConfig
  /** Leaves the server as it was found: running or not. */
  close(): Promise<void>
}

/**
 * The PostgreSQL of a data folder for a short while: the one that runs, beside the process that holds it, else one that is started for
 * this while. Makes none where there is none.
 * @throws EmbeddedPostgresError where the folder has none, or it can't be used
 */
export async function visitEmbeddedPostgres(folder: string, log: DatabaseLog): Promise<VisitedPostgres> {
  const dataDir = resolve(folder)
  const connection = await reachServer(await existingPlace(dataDir))
  return connection ? { connection, close: async () => {} } : startEmbeddedPostgres(dataDir, log)
}

async function existingPlace(dataDir: string): Promise<Place> {
  // Looking for its place makes the folder.
  if (!existsSync(join(dataDir, 'postgres')) && !existsSync(join(dataDir, 'postgres-is-in'))) throw none(dataDir)
  const place = await findPlace(dataDir)
  await access(place.home, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES') throw none(dataDir)
    throw new EmbeddedPostgresError(`The PostgreSQL in the data folder ${dataDir} is another user's: run this as the one that started it.`)
  })
  if (await hasCluster(place)) return place
  throw none(dataDir)
}

const none = (dataDir: string): Error =>
  new EmbeddedPostgresError(
    `The data folder ${dataDir} holds no PostgreSQL of Ashlar. Set DATA_DIR to the folder that it was started with, or DATABASE_URL to its database.`,
  )
