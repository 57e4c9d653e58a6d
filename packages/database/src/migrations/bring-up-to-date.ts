import pg from 'pg'
import type { DatabaseLog } from '../logger.js'
import { provisionService, type ServiceRoles } from '../logins.js'
import type { Migration } from './history.js'
import { migrate } from './migrate.js'

export interface ServiceToBringUp {
  readonly service: string
  /** null: one role owns and uses everything. */
  readonly roles: ServiceRoles | null
  readonly history: readonly Migration[]
}

// Any number; every start on a database asks for the same.
const MIGRATION_LOCK = 4_142_111_215
const LOCK_WAIT_MS = 600_000
const SAY_AFTER_MS = 3_000

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
  await takeLock(admin, log)
  try {
    for (const { service, roles, history } of services) {
      if (roles) await provisionService(admin, { roles, service, secret, log })
      else await ensureSchema(admin, service)
      await migrate(admin, { service, history, roles, log })
    }
  } finally {
    // With a lost connection the lock is lost too.
    await admin.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {})
  }
}

async function takeLock(admin: pg.Client, log: DatabaseLog): Promise<void> {
  const waiting = setTimeout(() => log.warn({}, 'another process is migrating this database: waiting for it'), SAY_AFTER_MS)
  try {
    await admin.query(`set lock_timeout = ${LOCK_WAIT_MS}`)
    await admin.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await admin.query('reset lock_timeout')
  } finally {
    clearTimeout(waiting)
  }
}

async function ensureSchema(admin: pg.Client, service: string): Promise<void> {
  // "if not exists" alone asks for the right to make one, also where there is nothing to make.
  const { rows } = await admin.query('select from pg_namespace where nspname = $1', [service])
  if (rows.length === 0) await admin.query(`create schema ${pg.escapeIdentifier(service)}`)
}
