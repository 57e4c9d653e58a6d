import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import pg from 'pg'
import { DatabaseError } from './connection.js'
import type { DatabaseLog } from './logger.js'

/** The two roles of a service: its owner runs migrations and signs in nowhere, its login reads and writes rows. */
export interface ServiceRoles {
  readonly owner: string
  readonly login: string
}

const IDENTIFIER_MAX = 63

/**
 * A service's roles in one database; roles belong to the whole server, hence the database's name in front. A service's
 * name has no dot, so no two services of two databases have one role.
 */
export const rolesOf = (database: string, service: string): ServiceRoles => ({
  login: bounded(`${database}.${service}`),
  owner: bounded(`${database}.${service}.owner`),
})

const bounded = (name: string): string =>
  name.length <= IDENTIFIER_MAX
    ? name
    : `${name.slice(0, IDENTIFIER_MAX - 13)}_${createHash('sha256').update(name).digest('hex').slice(0, 12)}`

/** A login's password, from a secret that never reaches the database. */
export const passwordOf = (secret: Uint8Array, login: string): string =>
  createHmac('sha256', secret).update(`ashlar database login ${login}`).digest('base64url')

export interface ProvisionOptions {
  readonly roles: ServiceRoles
  readonly service: string
  readonly secret: Uint8Array
  readonly log: DatabaseLog
}

/** Makes a service's schema and roles, or does nothing where they are as they should be. In one transaction. */
export async function provisionService(admin: pg.Client, { roles, service, secret, log }: ProvisionOptions): Promise<void> {
  const password = passwordOf(secret, roles.login)
  const mark = `password ${createHash('sha256').update(password).digest('hex').slice(0, 16)}`
  const found = await stateOf(admin, roles, service)
  if (found.schemaOwner !== null && found.schemaOwner !== roles.owner)
    throw new DatabaseError(
      `The schema ${service} of the database ${found.database} belongs to ${found.schemaOwner}, not to ${roles.owner}: it was made with ONE_ROLE=1, or by something else. Set ONE_ROLE=1, or use another database.`,
    )
  if (found.schemaOwner !== null && found.mark === mark) return

  const owner = pg.escapeIdentifier(roles.owner)
  const login = pg.escapeIdentifier(roles.login)
  const schema = pg.escapeIdentifier(service)
  const rows = `for role ${owner} in schema ${schema} grant`
  const statements = [
    ...(found.owner ? [] : [`create role ${owner} nologin`, `grant ${owner} to current_user`]),
    ...(found.login ? [] : [`create role ${login} login`]),
    // The server is given what it would have computed, so that no log of its statements ever shows a password.
    `alter role ${login} password ${pg.escapeLiteral(scramVerifier(password, roles.login))}`,
    `comment on role ${login} is ${pg.escapeLiteral(mark)}`,
    ...(found.schemaOwner !== null ? [] : [`create schema ${schema} authorization ${owner}`]),
    `grant connect on database ${pg.escapeIdentifier(found.database)} to ${login}`,
    noScratch(found.database),
    `grant usage on schema ${schema} to ${login}`,
    `alter default privileges ${rows} select, insert, update, delete on tables to ${login}`,
    `alter default privileges ${rows} usage, select on sequences to ${login}`,
  ]
  await admin.query('begin')
  try {
    for (const statement of statements) await admin.query(statement)
    await admin.query('commit')
  } catch (error) {
    await admin.query('rollback').catch(() => {})
    throw new DatabaseError(
      `The schema and login of ${service} can't be made in the database ${found.database}: ${(error as Error).message}`,
      { cause: error },
    )
  }
  log.info(
    { service, login: roles.login },
    found.schemaOwner !== null ? 'gave the service its login' : 'made the service its schema and login',
  )
}

/**
 * Temporary tables and large objects are no rows of a service's own: nothing would bound them, or clear them away. On a server of somebody
 * else's who may do so is theirs to say.
 */
const noScratch = (database: string): string => `do $$
  begin
    revoke temporary on database ${pg.escapeIdentifier(database)} from public;
    revoke execute on function pg_catalog.lo_create(oid), pg_catalog.lo_creat(integer), pg_catalog.lo_from_bytea(oid, bytea) from public;
  exception when insufficient_privilege then null;
  end
$$`

async function stateOf(admin: pg.Client, { owner, login }: ServiceRoles, service: string) {
  const { rows } = await admin.query(
    `select current_database() as database,
            (select pg_get_userbyid(nspowner) from pg_namespace where nspname = $3) as "schemaOwner",
            exists (select from pg_roles where rolname = $1) as owner, exists (select from pg_roles where rolname = $2) as login,
            (select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $2) as mark`,
    [owner, login, service],
  )
  return rows[0] as { database: string; schemaOwner: string | null; owner: boolean; login: boolean; mark: string | null }
}

const SCRAM_ITERATIONS = 4096

// RFC 5803. The password has 256 bits of its own, so a salt from the login's name takes nothing away.
function scramVerifier(password: string, login: string): string {
  const salt = createHash('sha256').update(`ashlar ${login}`).digest().subarray(0, 16)
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64')
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${hmac('Server Key').toString('base64')}`
}
