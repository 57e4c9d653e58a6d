import { createHash, randomBytes } from 'node:crypto'
import pg from 'pg'
import { silent } from './logger.js'
import { passwordOf, rolesOf } from './logins.js'
import { bringUpToDate } from './migrations/bring-up-to-date.js'
import { historyOf, type Migration } from './migrations/history.js'
import { openServiceDatabase, type ServiceDatabase } from './service-database.js'
import { testServer } from './testing/test-server.js'

export { countStatements } from './testing/count-statements.js'

export interface TestDatabaseOptions {
  /** Whose schemas and logins it has; with none it is empty, for tests of what happens before. */
  readonly services: readonly string[]
  /** Another history than that of the folder prisma/. */
  readonly history?: (service: string) => Migration[]
  /** Connections of each service at most; 10 unless given. */
  readonly connectionsMax?: number
}

/** A database of a test file's own, in the one PostgreSQL of the run. */
export interface TestDatabase extends AsyncDisposable {
  /** @throws Error for a service that was not named. */
  service(name: string): ServiceDatabase
  /** Signed in to this database as the superuser. */
  readonly admin: pg.Client
  /** The superuser's address, as DATABASE_URL has it. */
  readonly url: string
  /** From now on the service's clock() is the database's now() and this much more: '3 days', '-1 hour', '0'. */
  shiftClock(service: string, by: string): Promise<void>
  /** Closes all connections and drops the database. */
  close(): Promise<void>
}

const CONNECTIONS_MAX = 10
// The tests' passwords protect nothing.
const SECRET = Buffer.alloc(32, 'ashlar tests')

/**
 * Makes a database with each service's schema, login and migrations. They are run once for a set of services, into a
 * database that the others are copied from.
 */
export async function startTestDatabase({
  services,
  history = historyOf,
  connectionsMax = CONNECTIONS_MAX,
}: TestDatabaseOptions): Promise<TestDatabase> {
  const server = await testServer()
  const name = `test_${randomBytes(6).toString('hex')}`
  const template = await onServer(server, async (root) => {
    const made = services.length > 0 ? await ensureTemplate(root, server, services, history) : null
    await root.query(`create database ${name} ${made ? `template ${made} strategy file_copy` : ''}`)
    return made
  })
  const admin = new pg.Client({ ...server, database: name })
  admin.on('error', () => {})
  await admin.connect()
  const databases = new Map(
    services.map((service) => {
      // A copy is its template's services': roles belong to the whole server, and what they own was copied with it.
      const { login } = rolesOf(template ?? name, service)
      const connection = { ...server, database: name, user: login, password: passwordOf(SECRET, login) }
      return [service, openServiceDatabase({ service, connection, connectionsMax, log: silent })]
    }),
  )

  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await Promise.all([...databases.values()].map((database) => database.close()))
      await admin.end()
      await onServer(server, (root) => drop(root, name))
    })()
    return closed
  }
  return {
    service(service) {
      const found = databases.get(service)
      if (!found) throw new Error(`the test database was started without ${service}`)
      return found
    },
    admin,
    url: urlOf(server, name),
    async shiftClock(service, by) {
      const body = `select now() + interval ${pg.escapeLiteral(by)}`
      await admin.query(
        `create or replace function ${pg.escapeIdentifier(service)}.clock() returns timestamptz language sql stable as ${pg.escapeLiteral(body)}`,
      )
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

// Named by all that it comes of, so that files with the same services share it, and a changed migration makes another.
async function ensureTemplate(
  root: pg.Client,
  server: pg.ClientConfig,
  services: readonly string[],
  history: (service: string) => Migration[],
): Promise<string> {
  const histories = [...services].sort().map((service) => ({ service, history: history(service) }))
  const contents = histories.map(({ service, history: files }) => [service, files.map(({ name, checksum }) => [name, checksum])])
  const template = `base_${createHash('sha256').update(JSON.stringify(contents)).digest('hex').slice(0, 12)}`
  // One makes it, the others wait; the mark says that it was made to its end.
  await root.query('select pg_advisory_lock(hashtext($1))', [template])
  const { rows } = await root.query(`select shobj_description(oid, 'pg_database') as mark from pg_database where datname = $1`, [template])
  if (rows[0]?.mark) return template
  await drop(root, template)
  await root.query(`create database ${template}`)
  const admin = new pg.Client({ ...server, database: template })
  await admin.connect()
  try {
    const wanted = histories.map((each) => ({ ...each, roles: rolesOf(template, each.service) }))
    await bringUpToDate(admin, wanted, SECRET, silent)
  } finally {
    await admin.end()
  }
  await root.query(`comment on database ${template} is 'made'`)
  return template
}

async function drop(root: pg.Client, name: string): Promise<void> {
  await root.query(`drop database if exists ${name} with (force)`)
  const { rows } = await root.query(`select rolname from pg_roles where starts_with(rolname, $1)`, [`${name}.`])
  if (rows.length > 0) await root.query(`drop role ${rows.map(({ rolname }) => pg.escapeIdentifier(rolname)).join(', ')}`)
}

async function onServer<T>(server: pg.ClientConfig, work: (root: pg.Client) => Promise<T>): Promise<T> {
  const root = new pg.Client(server)
  await root.connect()
  try {
    return await work(root)
  } finally {
    await root.end()
  }
}

const urlOf = ({ user, password, host }: pg.ClientConfig, database: string): string =>
  `postgres://${user}:${encodeURIComponent(String(password))}@localhost/${database}?host=${encodeURIComponent(host ?? '')}`
