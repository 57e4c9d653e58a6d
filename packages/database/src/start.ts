import pg from 'pg'
import { addressOf, DatabaseError, reach } from './connection.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres.js'
import type { DatabaseLog } from './logger.js'
import { passwordOf, rolesOf } from './logins.js'
import { bringUpToDate } from './migrations/bring-up-to-date.js'
import { historyOf, type Migration } from './migrations/history.js'
import { openServiceDatabase, type ServiceDatabase } from './service-database.js'

export interface DatabaseOptions {
  /** Where the embedded PostgreSQL keeps its data; not used where every service has an address. */
  readonly dataDir: string
  /** A PostgreSQL to use instead of the embedded one, with a user who may create roles and schemas. */
  readonly databaseUrl?: string | null
  /** A service's own PostgreSQL, by the service's name. */
  readonly serviceUrls?: Readonly<Record<string, string>>
  /** Everything under the one role of the address. */
  readonly oneRole?: boolean
  /** What the passwords of the services' logins are derived from. */
  readonly secret: Uint8Array
  readonly services: readonly string[]
  readonly log: DatabaseLog
  /** How many connections all services together may hold; 80 % of what the server allows unless given. */
  readonly poolBudget?: number
  /** Another history than that of the folder prisma/. */
  readonly history?: (service: string) => Migration[]
}

export interface DatabaseInfo {
  readonly embedded: boolean
  /** The host and port or the socket's folder, without a user or a password. */
  readonly address: string
  /** PostgreSQL's own version. */
  readonly version: string
  /** The embedded server's process now. */
  readonly pid: number | null
}

export interface Database extends AsyncDisposable {
  readonly info: DatabaseInfo
  /** @throws Error for a service that was not named at the start. */
  service(name: string): ServiceDatabase
  /** Closes all pools, then stops the embedded server. */
  close(): Promise<void>
}

/** One PostgreSQL and whose data are on it. */
interface Site {
  readonly connection: pg.ClientConfig
  /** The variable that its address comes from; null: the embedded one. */
  readonly variable: string | null
  readonly services: readonly string[]
}

const VERSION_MIN = 15
const BUDGET_SHARE = 0.8
const POOL_MAX = 16
const POOL_MIN = 2
const CONNECT_MS = 5_000

/**
 * Brings up the database: the server, each service's schema and login, all migrations, and a pool for each service.
 * @throws DatabaseError, EmbeddedPostgresError or MigrationError, in words for the one who started it; nothing is left running.
 */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const { services, serviceUrls = {}, databaseUrl, dataDir, log } = options
  checkNames(services)
  const shared = services.filter((service) => !serviceUrls[service])
  const embedded = shared.length > 0 && !databaseUrl ? await startEmbeddedPostgres(dataDir, log) : null
  const databases = new Map<string, ServiceDatabase>()
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      await Promise.all([...databases.values()].map((database) => database.close()))
      await embedded?.close()
    })()
    return closed
  }

  try {
    const sites = await findSites(options, shared, embedded)
    const versions: string[] = []
    for (const site of sites) {
      const opened = await openSite(site, options)
      versions.push(opened.version)
      for (const database of opened.databases) databases.set(database.service, database)
    }
    await embedded?.synced
    return {
      info: {
        embedded: embedded !== null,
        address: sites[0] ? addressOf(sites[0].connection) : '',
        version: versions[0] ?? '',
        get pid() {
          return embedded?.pid() ?? null
        },
      },
      service(name) {
        const found = databases.get(name)
        if (!found) throw new Error(`no database was started for ${name}`)
        return found
      },
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function findSites(
  { services, serviceUrls = {}, databaseUrl }: DatabaseOptions,
  shared: readonly string[],
  embedded: EmbeddedPostgres | null,
) {
  const sites: Site[] = []
  if (embedded) sites.push({ connection: embedded.connection, variable: null, services: shared })
  else if (databaseUrl && shared.length > 0)
    sites.push({ connection: await reach(databaseUrl, 'DATABASE_URL'), variable: 'DATABASE_URL', services: shared })
  for (const service of services) {
    const url = serviceUrls[service]
    const variable = `${service.toUpperCase()}_DATABASE_URL`
    if (url) sites.push({ connection: await reach(url, variable), variable, services: [service] })
  }
  return sites
}

async function openSite({ connection, variable, services }: Site, options: DatabaseOptions) {
  const { secret, log, history = historyOf } = options
  // The embedded server's superuser is this process's own: there is nothing to give up there.
  const oneRole = variable !== null && options.oneRole === true
  const admin = new pg.Client({ ...connection, application_name: 'ashlar start', connectionTimeoutMillis: CONNECT_MS })
  admin.on('error', () => {})
  await admin.connect()
  try {
    // Where the server can: a migration whose process was killed ends, and its lock with it, also in a long statement.
    await admin.query(`set client_connection_check_interval = '1s'`).catch(() => {})
    const { database, version, connections, mayCreateRoles } = await lookAt(admin)
    if (Number.parseInt(version, 10) < VERSION_MIN)
      throw new DatabaseError(`The server of ${variable} is PostgreSQL ${version}; Ashlar needs ${VERSION_MIN} or newer.`)
    if (oneRole) log.warn({ services }, ONE_ROLE_WORDS)
    else if (!mayCreateRoles)
      throw new DatabaseError(
        `The user of ${variable} may not create roles. Give it CREATEROLE, or set ONE_ROLE=1 to run all services under its one login, without walls between their tables.`,
      )

    const wanted = services.map((service) => ({ service, roles: oneRole ? null : rolesOf(database, service), history: history(service) }))
    await bringUpToDate(admin, wanted, secret, log)
    const budget = options.poolBudget ?? Math.floor(connections * BUDGET_SHARE)
    const connectionsMax = Math.max(POOL_MIN, Math.min(POOL_MAX, Math.floor(budget / options.services.length)))
    const databases = services.map((service) => {
      const { login } = rolesOf(database, service)
      const asService = oneRole ? connection : { ...connection, database, user: login, password: passwordOf(secret, login) }
      return openServiceDatabase({ service, connection: asService, connectionsMax, log })
    })
    return { version, databases }
  } finally {
    await admin.end().catch(() => {})
  }
}

const ONE_ROLE_WORDS =
  'ONE_ROLE=1: all services share one login, so nothing in the database keeps a service from the tables of another, or from changing its own tables'

async function lookAt(admin: pg.Client) {
  const { rows } = await admin.query(
    `select current_database() as database, current_setting('server_version') as version,
            current_setting('max_connections')::int as connections,
            (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as "mayCreateRoles"`,
  )
  return rows[0] as { database: string; version: string; connections: number; mayCreateRoles: boolean }
}

const NAME = /^[a-z][a-z0-9_]{0,30}$/
const TAKEN = new Set(['public', 'kit', 'information_schema'])

function checkNames(services: readonly string[]): void {
  const wrong = services.find((service) => !NAME.test(service) || TAKEN.has(service) || service.startsWith('pg_'))
  if (wrong !== undefined)
    throw new Error(`${JSON.stringify(wrong)} can't be a service's name: it is also that of a schema (a to z, 0 to 9 and _)`)
}
