import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, mayEnter, postgresAccount } from './account.js'
import { copyBinaries, installedBinaries, linkLibraries } from './binaries.js'
import { asFolderError } from './failure.js'

/** Where a data folder's PostgreSQL lives and whom it runs as. */
export interface Place {
  /** Holds `data`, `password` and `settings`; made by the first start as a whole. */
  readonly home: string
  readonly log: string
  readonly programs: string
  readonly version: string
  readonly account: Account | null
  readonly env: NodeJS.ProcessEnv
}

const SYSTEM_FOLDER = '/var/lib/ashlar'

/**
 * Finds the place, in the data folder wherever the server's user may go there.
 * Where it may not (a clone under /root), the place is under /var/lib/ashlar, and a file in the data folder says where.
 */
export async function findPlace(dataDir: string): Promise<Place> {
  try {
    const account = postgresAccount()
    await mkdir(dataDir, { recursive: true, mode: account ? 0o711 : 0o700 })
    const installed = installedBinaries()
    const log = join(dataDir, 'postgres.log')
    if (!account) {
      const env = await linkLibraries(installed, join(dataDir, 'postgres-lib'))
      return { home: join(dataDir, 'postgres'), log, programs: join(installed.folder, 'bin'), version: installed.version, account, env }
    }
    const binaries = mayEnter(account, join(installed.folder, 'bin')) ? installed : await copyBinaries(installed, SYSTEM_FOLDER)
    const env = await linkLibraries(binaries, join(SYSTEM_FOLDER, `lib-${binaries.version}`))
    const home = join(await homeParent(dataDir, account), 'postgres')
    return { home, log, programs: join(binaries.folder, 'bin'), version: binaries.version, account, env }
  } catch (error) {
    throw asFolderError(dataDir, error)
  }
}

async function homeParent(dataDir: string, account: Account): Promise<string> {
  const pointer = join(dataDir, 'postgres-is-in')
  const elsewhere = await readFile(pointer, 'utf8').catch(() => null)
  if (elsewhere) return elsewhere.trim()
  // The folder is ours, so it may be made passable; what is in it has modes of its own. Those above it are not ours.
  await chmod(dataDir, (await stat(dataDir)).mode | 0o011)
  if (mayEnter(account, dataDir)) return dataDir
  const chosen = join(SYSTEM_FOLDER, randomBytes(8).toString('hex'))
  await mkdir(chosen, { recursive: true, mode: 0o711 })
  await writeFile(join(chosen, 'belongs-to'), `${dataDir}\n`)
  await writeFile(pointer, `${chosen}\n`, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return (await readFile(pointer, 'utf8')).trim()
}

/** Gives a file or folder to the server's user. */
export const giveTo = async ({ account }: Place, path: string): Promise<void> => {
  if (account) await chown(path, account.uid, account.gid)
}
