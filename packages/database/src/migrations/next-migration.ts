import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MigrationError } from './migration-error.js'
import { schemaEngineWithoutDatabase } from './schema-engine.js'

export interface NextMigrationOptions {
  /** That of all services: prisma/. */
  readonly folder: string
  readonly service: string
  /** What it does, in words. */
  readonly name: string
  readonly now: Date
  /** Also where the models have not changed, for SQL that models can't say. */
  readonly evenIfEmpty?: boolean
}

export interface NextMigration {
  /** The new folder with migration.sql in it. */
  readonly path: string
  readonly sql: string
  /** Statements that take away or narrow what an earlier version may still use, or that may fail on rows that are there. */
  readonly narrowing: readonly string[]
}

/**
 * Writes the migration that leads from the models as the history has left them to the models as they stand. What the
 * history has come to is kept beside it as text (models.snapshot), so that no database is asked, and so that of two
 * branches that each add one the merge has both.
 * @throws MigrationError where there is nothing to write, or no way to know.
 */
export async function writeNextMigration({
  folder,
  service,
  name,
  now,
  evenIfEmpty = false,
}: NextMigrationOptions): Promise<NextMigration | null> {
  const slug = slugOf(name)
  const history = join(folder, service, 'migrations')
  const names = migrationNames(history)
  const models = service === KIT ? null : readModels(folder, service)
  const sql = models === null ? '' : await diff(service, readSnapshot(folder, service), models)
  if (sql === '' && !evenIfEmpty) return null

  const path = join(history, `${stampAfter(names.at(-1), now)}_${slug}`)
  // Aside first: a start at this moment must not find a folder without its SQL.
  const unfinished = join(history, `.${slug}`)
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(join(unfinished, 'migration.sql'), sql)
  renameSync(unfinished, path)
  if (models !== null) writeFileSync(join(history, SNAPSHOT), models)
  return { path, sql, narrowing: sql.split('\n').filter((line) => NARROWING.test(line)) }
}

/** Says that the history makes the models as they stand: after SQL that was written by hand. */
export function writeSnapshot(folder: string, service: string): string {
  const path = join(folder, service, 'migrations', SNAPSHOT)
  writeFileSync(path, readModels(folder, service))
  return path
}

/** What is still to be migrated, as SQL; empty where the history has come to the models as they stand. */
export const unwritten = (folder: string, service: string): Promise<string> =>
  diff(service, readSnapshot(folder, service), readModels(folder, service))

// What every service has is made by SQL alone.
const KIT = 'kit'
const SNAPSHOT = 'models.snapshot'
const NARROWING =
  /\bDROP\b|\bSET NOT NULL\b|\bALTER COLUMN .* (SET DATA )?TYPE\b|\bRENAME\b|\bADD COLUMN .* NOT NULL(?!.*DEFAULT)|CREATE UNIQUE INDEX/

function readModels(folder: string, service: string): string {
  const file = join(folder, service, 'models.prisma')
  if (!existsSync(file)) throw new MigrationError(`There are no models of ${service}: ${file} is not there.`)
  return readFileSync(file, 'utf8')
}

function readSnapshot(folder: string, service: string): string {
  const history = join(folder, service, 'migrations')
  const file = join(history, SNAPSHOT)
  if (existsSync(file)) return readFileSync(file, 'utf8')
  if (migrationNames(history).length === 0) return ''
  throw new MigrationError(
    `Nothing says which models the migrations of ${service} make: ${file} is not there. If they make those of models.prisma, write it with --snapshot.`,
  )
}

const migrationNames = (history: string): string[] =>
  existsSync(history)
    ? readdirSync(history)
        .filter((name) => /^\d/.test(name))
        .sort()
    : []

async function diff(service: string, from: string, to: string): Promise<string> {
  const engine = await schemaEngineWithoutDatabase(service)
  try {
    const target = (models: string) => ({
      tag: 'schemaDatamodel' as const,
      files: [{ path: `${service}.prisma`, content: `${headOf(service)}${models}` }],
    })
    const { stdout } = await engine.diff({
      from: target(from),
      to: target(to),
      script: true,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    })
    const script = (stdout ?? '').trim()
    return script === EMPTY ? '' : `${script}\n`
  } catch (error) {
    throw new MigrationError(`The models of ${service} can't be read: ${(error as Error).message}`, { cause: error })
  } finally {
    engine.free()
  }
}

const EMPTY = '-- This is an empty migration.'
const headOf = (service: string): string => `datasource db {\n  provider = "postgresql"\n  schemas  = ["${service}"]\n}\n\n`

function slugOf(name: string): string {
  const slug = name
    .trim()
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60)
  if (slug === '') throw new MigrationError('A migration needs a name that says what it does: npm run migration -- posts add reading time')
  return slug
}

// It must come after what is there, also where the clock of whoever made that was ahead.
function stampAfter(last: string | undefined, now: Date): string {
  const stamp = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const before = last?.match(/^\d{14}/)?.[0] ?? ''
  return stamp > before ? stamp : String(BigInt(before) + 1n)
}
