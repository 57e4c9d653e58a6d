import pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import type { ServiceRoles } from '../logins.js'
import type { Migration } from './history.js'
import { MigrationError } from './migration-error.js'
import { schemaEngineOver } from './schema-engine.js'

export interface MigrateOptions {
  readonly service: string
  readonly history: readonly Migration[]
  /** null: one role owns and uses everything. */
  readonly roles: ServiceRoles | null
  readonly log: DatabaseLog
}

/**
 * Brings one service's schema to the end of its history: one transaction for each migration together with its line in
 * `_prisma_migrations`, so that an end at any moment leaves a beginning or an end of a migration and never its middle.
 * Whoever calls holds the lock on migrations.
 * @throws MigrationError where a migration fails, or is no longer what was applied.
 */
export async function migrate(admin: pg.Client, { service, history, roles, log }: MigrateOptions): Promise<void> {
  const applied = await appliedMigrations(admin, service)
  const pending = pendingOf(service, history, applied)
  for (const migration of pending) {
    const upToHere = history.slice(0, history.indexOf(migration) + 1)
    await applyLast(admin, service, roles, upToHere)
    log.info({ service, migration: migration.name }, 'migrated')
  }
}

/** What is still to be applied; reads nothing but the service's own table. */
export function pendingOf(service: string, history: readonly Migration[], applied: ReadonlyMap<string, string>): Migration[] {
  const known = new Set(history.map(({ name }) => name))
  const unknown = [...applied.keys()].filter((name) => !known.has(name))
  if (unknown.length > 0)
    throw new MigrationError(
      `The database of ${service} knows the migration ${unknown[0]}, which this version does not have: it was written by a newer version.`,
    )
  const changed = history.find(({ name, checksum }) => applied.has(name) && applied.get(name) !== checksum)
  if (changed)
    throw new MigrationError(
      `The migration ${changed.name} of ${service} was changed after it had been applied. Put it back as it was, and write what is new into a new one.`,
    )
  return history.filter(({ name }) => !applied.has(name))
}

/** The names and checksums of what a service's schema has behind it. */
export async function appliedMigrations(client: pg.ClientBase, service: string): Promise<Map<string, string>> {
  const table = `${pg.escapeIdentifier(service)}._prisma_migrations`
  const { rows: found } = await client.query('select to_regclass($1) as table', [table])
  if (!found[0].table) return new Map()
  const { rows } = await client.query(
    `select migration_name, checksum from ${table} where finished_at is not null and rolled_back_at is null`,
  )
  return new Map(rows.map((row) => [row.migration_name, row.checksum]))
}

async function applyLast(admin: pg.Client, service: string, roles: ServiceRoles | null, migrations: readonly Migration[]): Promise<void> {
  let reason: string | undefined
  await admin.query('begin')
  try {
    if (roles) await admin.query(`set local role ${pg.escapeIdentifier(roles.owner)}`)
    await admin.query(`set local search_path = ${pg.escapeIdentifier(service)}`)
    const onScriptError = (error: Error, script: string) => {
      reason ??= reasonIn(script, error)
    }
    const engine = await schemaEngineOver(admin, service, { onScriptError })
    try {
      await engine.applyMigrations({ migrationsList: listOf(migrations), filters: { externalTables: [], externalEnums: [] } })
    } finally {
      engine.free()
    }
    // Rows are the service's; its history is its owner's.
    if (roles) await admin.query(`revoke all on _prisma_migrations from ${pg.escapeIdentifier(roles.login)}`)
    const { command } = await admin.query('commit')
    if (command !== 'COMMIT') throw new Error('it was rolled back')
  } catch (error) {
    await admin.query('rollback').catch(() => {})
    const name = migrations.at(-1)?.name
    throw new MigrationError(`The migration ${name} of ${service} failed, and left nothing behind: ${reason ?? (error as Error).message}`, {
      cause: error,
    })
  }
}

const listOf = (migrations: readonly Migration[]) => ({
  baseDir: '.',
  lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
  shadowDbInitScript: '',
  migrationDirectories: migrations.map(({ name, sql }) => ({
    path: name,
    migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: sql } },
  })),
})

/** The server's words, with the line that they are about. */
function reasonIn(script: string, error: Error): string {
  const { position, detail } = error as pg.DatabaseError
  const line = position ? `line ${script.slice(0, Number(position)).split('\n').length}: ` : ''
  return `${line}${error.message}${detail ? ` (${detail})` : ''}`
}
