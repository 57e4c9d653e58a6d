import { randomBytes } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { type Account, mayEnter, mayRun, ownerOf, postgresAccount } from './account.js'
import { type Binaries, copyBinaries, environment, installedBinaries, linkLibraries } from './binaries.js'
import { asFolderError, EmbeddedPostgresError } from './failure.js'

/** Where a data folder's PostgreSQL lives and whom it runs as. */
export interface Place {
  readonly dataDir: string
  /** Holds `data` and `password`; made by the first start as a whole. */
  readonly home: string
  readonly log: string
  readonly programs: string
  readonly version: string
  /** null: the user that this process runs as. */
  readonly account: Account | null
  readonly env: NodeJS.ProcessEnv
}

const SYSTEM_FOLDER = '/var/lib/ashlar'

/**
 * Finds the place, in the data folder wherever the server's user may go there.
 * Where it may not (a clone under /root), the place is under /var/lib/ashlar, and a file in the data folder says where.
 * @throws EmbeddedPostgresError where the folder can't be used.
 */
export async function findPlace(folder: string): Promise<Place> {
  const dataDir = resolve(folder)
  try {
    const ours = postgresAccount()
    await makeFolder(dataDir, ours ? 0o711 : 0o700)
    const installed = installedBinaries()
    const log = join(dataDir, 'postgres.log')
    if (!ours) {
      const env = environment(await linkLibraries(installed, dataDir))
      return {
        dataDir,
        home: join(dataDir, 'postgres'),
        log,
        programs: join(installed.folder, 'bin'),
        version: installed.version,
        account: null,
        env,
      }
    }
    const home = join(await homeParent(dataDir, ours), 'postgres')
    const account = (await ownerOf(join(home, 'data'))) ?? ours
    const { binaries, env } = await runnableBinaries(installed, account)
    return { dataDir, home, log, programs: join(binaries.folder, 'bin'), version: binaries.version, account, env }
  } catch (error) {
    throw asFolderError(dataDir, error)
  }
}

async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    // On a read-only disk Node says that there is no such folder; the folder above says why.
    let above = dirname(folder)
    while (!existsSync(above)) above = dirname(above)
    await access(above, constants.W_OK)
    throw error
  }
}

async function runnableBinaries(installed: Binaries, account: Account): Promise<{ binaries: Binaries; env: NodeJS.ProcessEnv }> {
  try {
    const env = environment(await linkLibraries(installed, SYSTEM_FOLDER))
    if (mayRun(account, join(installed.folder, 'bin/postgres'), env)) return { binaries: installed, env }
    return { binaries: await copyBinaries(installed, SYSTEM_FOLDER), env: environment([]) }
  } catch (error) {
    throw asFolderError(SYSTEM_FOLDER, error)
  }
}

async function homeParent(dataDir: string, account: Account): Promise<string> {
  const pointer = join(dataDir, 'postgres-is-in')
  const elsewhere = await readFile(pointer, 'utf8').catch(() => null)
  if (elsewhere) return existing(elsewhere.trim(), pointer)
  // The folder is ours, so it may be made passable; what is in it has modes of its own. Those above it are not ours.
  await chmod(dataDir, (await stat(dataDir)).mode | 0o011)
  if (mayEnter(account, dataDir)) return dataDir
  const chosen = join(SYSTEM_FOLDER, randomBytes(8).toString('hex'))
  await mkdir(chosen, { recursive: true, mode: 0o711 })
  await writeFile(join(chosen, 'belongs-to'), `${dataDir}\n`)
  await writeFile(pointer, `${chosen}\n`, { flag: 'wx' }).catch(async (error: NodeJS.ErrnoException) => {
    await rm(chosen, { recursive: true, force: true })
    // Another start was quicker.
    if (error.code !== 'EEXIST') throw error
  })
  return (await readFile(pointer, 'utf8')).trim()
}

// An empty database in the place of one that was lost would hide the loss.
function existing(folder: string, pointer: string): string {
  if (existsSync(folder)) return folder
  throw new EmbeddedPostgresError(`The data were in ${folder}, which is gone. Put it back, or remove ${pointer} to begin without them.`)
}

/** Gives a file or folder to the server's user. */
export const giveTo = async ({ account }: Place, path: string): Promise<void> => {
  if (account) await chown(path, account.uid, account.gid)
}
