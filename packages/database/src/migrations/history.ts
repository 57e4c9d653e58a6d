import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Migration {
  /** Its folder's name: a time and what it does. */
  readonly name: string
  readonly sql: string
  /** SHA-256 in hexadecimal, as Prisma records it. */
  readonly checksum: string
}

/** Where the services' models and migrations lie. */
export const prismaFolder = fileURLToPath(new URL('../../../../prisma', import.meta.url))

/**
 * A service's history: what every service needs, then what is its own.
 * @throws Error for two migrations of one name, of which the second would pass for applied.
 */
export function historyOf(service: string, folder = prismaFolder): Migration[] {
  const history = [...migrationsIn(join(folder, 'kit/migrations')), ...migrationsIn(join(folder, service, 'migrations'))]
  const names = history.map(({ name }) => name)
  const doubled = names.find((name, at) => names.indexOf(name) !== at)
  if (doubled) throw new Error(`the migration ${doubled} of ${service} has the name of one of the kit's: give it another`)
  return history
}

function migrationsIn(folder: string): Migration[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(folder, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}
