import pg from 'pg'
import { startEmbeddedPostgres } from './embedded/embedded-postgres.js'
import { MAX_CONNECTIONS } from './embedded/programs.js'
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
  /** The host or socket folder, without a user or a password. */
  readonly address: string
  /** PostgreSQL's own version. */
  readonly version: string
  /** The embedded server's process now. */
  readonly pid: number | null
}

export interface Database {
  readonly info: DatabaseInfo
  /** @throws Error for a service that was not named at the start. */
  service(name: string): ServiceDatabase
  /** Closes all pools, then stops the embedded server. */
  close(): Promise<void>
}

const BUDGET_SHARE = 0.8
const POOL_MAX = 16
const CONNECT_MS = 5_000

/** Brings up the database: the server, each service's schema and login, all migrations, and a pool for each service. */
export async function startDatabase(options: DatabaseOptions): Promise<Database> {
  const { services, serviceUrls = {}, log } = options
  checkNames(services)
  const shared = services.filter((service) => !serviceUrls[service])
  const embedded = shared.length > 0 && !options.databaseUrl ? await startEmbeddedPostgres(options.dataDir, log) : null
  const opened: ServiceDatabase[] = []
  try {
    const servers = new Map<pg.ClientConfig, readonly string[]>()
    if (shared.length > 0) servers.set(embedded?.connection ?? { connectionString: options.databaseUrl ?? '' }, shared)
    for (const service of services) if (serviceUrls[service]) servers.set({ connectionString: serviceUrls[service] }, [service])

    let version = ''
    for (const [connection, names] of servers) {
      const prepared = await prepare(connection, names, options)
      version ||= prepared.version
      opened.push(...prepared.databases)
    }
    const byName = new Map(opened.map((database) => [database.service, database]))
    const [first] = servers.keys()
    return {
      info: {
        embedded: embedded !== null,
        address: first ? addressOf(first) : '',
        version,
        get pid() {
          return embedded?.pid() ?? null
        },
      },
      service(name) {
        const found = byName.get(name)
        if (!found) throw new Error(`no database was started for ${name}`)
        return found
      },
      async close() {
        await Promise.all(opened.map((database) => database.close()))
        await embedded?.close()
      },
    }
  } catch (error) {
    await Promise.all(opened.map((database) => database.close()))
    await embedded?.close()
    throw error
  }
}

async function prepare(connection: pg.ClientConfig, services: readonly string[], options: DatabaseOptions) {
  const { oneRole = false, secret, log, history = historyOf } = options
  const admin = new pg.Client({ ...connection, application_name: 'ashlar start', connectionTimeoutMillis: CONNECT_MS })
  admin.on('error', () => {})
  await admin.connect()
  try {
    const { rows } = await admin.query(
      `select current_database() as database, current_setting('server_version') as version, current_setting('max_connections')::int as connections,
              (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create_roles`,
    )
    const { database, version, connections, may_create_roles } = rows[0]
    if (oneRole)
      log.warn(
        { services },
        'ONE_ROLE=1: all services share one login, so nothing in the database keeps a service from the tables of another, or from changing its own tables',
      )
    else if (!may_create_roles)
      throw new Error(
        'The user of DATABASE_URL may not create roles. Give it CREATEROLE, or set ONE_ROLE=1 to run all services under its one login, without walls between their tables.',
      )

    const wanted = services.map((service) => ({ service, roles: oneRole ? null : rolesOf(database, service), history: history(service) }))
    await bringUpToDate(admin, wanted, secret, log)
    const budget = options.poolBudget ?? Math.floor((connections ?? MAX_CONNECTIONS) * BUDGET_SHARE)
    const connectionsMax = Math.max(2, Math.min(POOL_MAX, Math.floor(budget / options.services.length)))
    const databases = services.map((service) => {
      const { login } = rolesOf(database, service)
      const asService = oneRole ? connection : { ...withoutUser(connection), user: login, password: passwordOf(secret, login), database }
      return openServiceDatabase({ service, connection: asService, connectionsMax, log })
    })
    return { version: version as string, databases }
  } finally {
    await admin.end()
  }
}

// A connection string outweighs the fields beside it, so the login has to be written into it.
function withoutUser({ connectionString, ...rest }: pg.ClientConfig): pg.ClientConfig {
  if (!connectionString) return rest
  const { hostname, port, searchParams } = new URL(connectionString)
  const ssl = searchParams.get('sslmode')
  return {
    ...rest,
    host: searchParams.get('host') ?? decodeURIComponent(hostname),
    port: Number(searchParams.get('port') ?? (port || 5432)),
    ...(ssl && ssl !== 'disable' ? { ssl: { rejectUnauthorized: ssl !== 'no-verify' } } : {}),
  }
}

const addressOf = (connection: pg.ClientConfig): string => {
  const { host, port } = withoutUser(connection)
  return host?.startsWith('/') ? host : `${host}:${port}`
}

const NAME = /^[a-z][a-z0-9_]{0,30}$/
const TAKEN = new Set(['public', 'kit', 'information_schema'])

function checkNames(services: readonly string[]): void {
  const wrong = services.find((service) => !NAME.test(service) || TAKEN.has(service) || service.startsWith('pg_'))
  if (wrong !== undefined)
    throw new Error(`${JSON.stringify(wrong)} can't be a service's name: it is also that of a schema (a to z, 0 to 9 and _)`)
}
