import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { asFolderError, EmbeddedPostgresError } from './failure.js'
import { giveTo, type Place } from './place.js'
import { initdb } from './programs.js'

export const dataOf = ({ home }: Place): string => join(home, 'data')

/** Makes the cluster where there is none: aside, then put in place by one rename, so that there is never half of one. */
export async function ensureCluster(place: Place): Promise<{ made: boolean }> {
  const parent = dirname(place.home)
  const found = await readFile(join(place.home, 'data/PG_VERSION'), 'utf8').catch(() => null)
  if (found) {
    checkVersion(place, found.trim())
    return { made: false }
  }
  try {
    const unfinished = await mkdtemp(join(parent, UNFINISHED))
    try {
      await fill(place, unfinished)
      await rename(unfinished, place.home)
      return { made: true }
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true })
      // Another start was quicker; the lock decides which of the two goes on.
      if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return { made: false }
      throw initdbFailure(parent, error)
    }
  } catch (error) {
    throw asFolderError(parent, error)
  }
}

const UNFINISHED = '.postgres-unfinished-'

/** Clears away what first starts that were killed have left. Only under the lock. */
export async function sweepUnfinished({ home }: Place): Promise<void> {
  const left = (await readdir(dirname(home))).filter((name) => name.startsWith(UNFINISHED))
  for (const name of left) await rm(join(dirname(home), name), { recursive: true, force: true })
}

async function fill(place: Place, folder: string): Promise<void> {
  await chmod(folder, 0o700)
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, randomBytes(32).toString('base64url'), { mode: 0o600 })
  await giveTo(place, passwordFile)
  await giveTo(place, folder)
  await initdb(place, join(folder, 'data'), passwordFile)
}

// PostgreSQL says it in its own words, somewhere in a long text.
function initdbFailure(folder: string, error: unknown): unknown {
  const text = String((error as { stderr?: string }).stderr ?? error)
  for (const [phrase, code] of [
    ['No space left', 'ENOSPC'],
    ['Disk quota', 'EDQUOT'],
    ['Read-only file system', 'EROFS'],
    ['Permission denied', 'EACCES'],
  ] as const)
    if (text.includes(phrase)) return asFolderError(folder, Object.assign(new Error(text), { code }))
  if ((error as NodeJS.ErrnoException).code === undefined || (error as { stderr?: string }).stderr)
    return new EmbeddedPostgresError(`PostgreSQL could not make its files in ${folder}: ${text.trim().split('\n').at(-1)}`, {
      cause: error,
    })
  return error
}

function checkVersion({ home, version }: Place, found: string): void {
  const major = version.split('.')[0]
  if (found !== major)
    throw new EmbeddedPostgresError(
      `The data in ${home} was written by PostgreSQL ${found}, and this version brings ${major}. Start the earlier version and make an archive, or set DATABASE_URL.`,
    )
}

const SOCKET_PATH_MAX = 80

/** Where the server's socket lies: beside the data, or under a short path where that one would be too long for a socket. */
export async function socketFolder(place: Place): Promise<string> {
  if (place.home.length <= SOCKET_PATH_MAX) return place.home
  const folder = join(tmpdir(), `ashlar-${createHash('sha256').update(place.home).digest('hex').slice(0, 16)}`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await giveTo(place, folder)
  return folder
}
