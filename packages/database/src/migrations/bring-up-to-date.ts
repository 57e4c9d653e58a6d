import pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import { provisionService, type ServiceRoles } from '../logins.js'
import type { Migration } from './history.js'
import { appliedMigrations, migrate, pendingOf } from './migrate.js'

export interface ServiceToBringUp {
  readonly service: string
  /** null: one role owns and uses everything. */
  readonly roles: ServiceRoles | null
  readonly history: readonly Migration[]
}

// Any number; every start on a database asks for the same.
const MIGRATION_LOCK = 4_142_111_215

/**
 * Gives each service its schema and login and the end of its history. Under a lock on the database, so that of several
 * starts at once one does it and the others find it done.
 * @throws MigrationError where a migration fails, was changed, or is newer than the files.
 */
export async function bringUpToDate(
  admin: pg.Client,
  services: readonly ServiceToBringUp[],
  secret: Uint8Array,
  log: DatabaseLog,
): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
  try {
    for (const { service, roles, history } of services) {
      if (roles) await provisionService(admin, { roles, service, secret, log })
      else await admin.query(`create schema if not exists ${pg.escapeIdentifier(service)}`)
      if (pendingOf(service, history, await appliedMigrations(admin, service)).length > 0)
        await migrate(admin, { service, history, roles, log })
    }
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK])
  }
}
