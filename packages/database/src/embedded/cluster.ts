import { createHash, randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { asFolderError, EmbeddedPostgresError, folderErrorIn } from './failure.js'
import { giveTo, type Place } from './place.js'
import { initdb, syncToDisk } from './programs.js'

export const dataOf = ({ home }: Place): string => join(home, 'data')
const unsyncedMark = ({ home }: Place): string => join(home, 'unsynced')

/** Makes the cluster where there is none: aside, then put in place by one rename, so that there is never half of one. */
export async function ensureCluster(place: Place): Promise<void> {
  if (await hasCluster(place)) return
  const parent = dirname(place.home)
  try {
    const unfinished = await mkdtemp(join(parent, UNFINISHED))
    try {
      await fill(place, unfinished)
      await rename(unfinished, place.home)
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true })
      throw error
    }
  } catch (error) {
    // Another start was quicker; the lock decides which of the two goes on.
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      if (await hasCluster(place)) return
      throw new EmbeddedPostgresError(
        `${place.home} is there, and is not a PostgreSQL that Ashlar made. Move it away, or set DATA_DIR to another folder.`,
      )
    }
    throw initdbFailure(place.dataDir, error)
  }
}

/** Whether there is a cluster already. @throws EmbeddedPostgresError for one of another version */
export async function hasCluster(place: Place): Promise<boolean> {
  const found = await readFile(join(dataOf(place), 'PG_VERSION'), 'utf8').catch(() => null)
  if (found === null) return false
  const major = place.version.split('.')[0]
  if (found.trim() !== major)
    throw new EmbeddedPostgresError(
      `The data in ${place.home} were written by PostgreSQL ${found.trim()}, and this version brings ${major}. Start the earlier version and make an archive, or set DATABASE_URL.`,
    )
  return true
}

const UNFINISHED = '.postgres-unfinished-'

/**
 * Clears away what first starts that were killed have left. Only under the lock. What another start is just writing into can't always be
 * removed: it is that one's to clear away, or the next one's.
 */
export async function sweepUnfinished({ home }: Place): Promise<void> {
  const left = (await readdir(dirname(home))).filter((name) => name.startsWith(UNFINISHED))
  for (const name of left) await rm(join(dirname(home), name), { recursive: true, force: true }).catch(() => {})
}

/**
 * Writes a new cluster through to the disk, which may go on while its server starts but is to be waited for before
 * anything is acknowledged. Does nothing where that was done.
 */
export async function syncCluster(place: Place): Promise<void> {
  if (!(await lstat(unsyncedMark(place)).catch(() => null))) return
  await syncToDisk(place, dataOf(place))
  for (const path of [join(place.home, 'password'), place.home, dirname(place.home)]) await syncPath(path)
  await rm(unsyncedMark(place))
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function fill(place: Place, folder: string): Promise<void> {
  await chmod(folder, 0o700)
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, randomBytes(32).toString('base64url'), { mode: 0o600 })
  await writeFile(join(folder, 'unsynced'), '')
  await giveTo(place, passwordFile)
  await giveTo(place, folder)
  await initdb(place, join(folder, 'data'), passwordFile)
}

function initdbFailure(folder: string, error: unknown): unknown {
  const { stderr, code } = error as { stderr?: string; code?: unknown }
  if (stderr === undefined || typeof code === 'string') return asFolderError(folder, error)
  return (
    folderErrorIn(stderr, folder) ??
    new EmbeddedPostgresError(`PostgreSQL could not make its files in ${folder}: ${stderr.trim().split('\n').at(-1)}`, { cause: error })
  )
}

const SOCKET_PATH_MAX = 80

const socketFolderOf = ({ home }: Place): string =>
  Buffer.byteLength(home) <= SOCKET_PATH_MAX
    ? home
    : join(tmpdir(), `ashlar-socket-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`)

/** Where the server's socket lies: beside the data, or under a short path where that one would be too long for a socket. */
export async function socketFolder(place: Place): Promise<string> {
  const folder = socketFolderOf(place)
  if (folder === place.home) return folder
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const uid = place.account?.uid ?? process.getuid?.()
  const made = await lstat(folder)
  // In a folder that all may write to, somebody else may have made it first, to be taken for the server.
  if (!made.isDirectory() || (made.uid !== process.getuid?.() && made.uid !== uid))
    throw new EmbeddedPostgresError(`${folder} is not this user's own. Remove it, or set DATA_DIR to a shorter path.`)
  await chmod(folder, 0o700)
  await giveTo(place, folder)
  return folder
}

/** Removes what lies outside of the data folder, when the server has ended. */
export async function removeSocketFolder(place: Place): Promise<void> {
  const folder = socketFolderOf(place)
  // Not empty where another start is already using it.
  if (folder !== place.home) await rmdir(folder).catch(() => {})
}
