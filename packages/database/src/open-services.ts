import pg from 'pg'
import { addressOf, DatabaseError, reach } from './connection.js'
import { EmbeddedPostgresError } from './embedded/failure.js'
import { visitEmbeddedPostgres } from './embedded/visited-postgres.js'
import { passwordOf, rolesOf } from './logins.js'
import { openServiceDatabase, type ServiceDatabase } from './service-database.js'
import type { DatabaseOptions } from './start.js'

export interface OpenServicesOptions
  extends Pick<DatabaseOptions, 'dataDir' | 'databaseUrl' | 'serviceUrls' | 'oneRole' | 'services' | 'log'> {
  /** What the passwords of the services' logins are derived from; null where it is not known, which only ONE_ROLE=1 does without. */
  readonly secret: Uint8Array | null
}

/** Services' data beside the processes that serve them. */
export interface OpenServices extends AsyncDisposable {
  readonly reached: ReadonlyMap<string, ServiceDatabase>
  /** Why a service's data can't be reached, in words for people. */
  readonly unreached: ReadonlyMap<string, Error>
  /** Closes what was opened, and leaves an embedded server as it was found. */
  close(): Promise<void>
}

/** One PostgreSQL, and whose data are asked for there. */
interface Site {
  readonly services: readonly string[]
  /** The variable that its address comes from; null: the embedded one. */
  readonly variable: string | null
  connect(): Promise<pg.ClientConfig>
}

const CONNECTIONS = 2
const CONNECT_MS = 5_000

/**
 * Opens the data of services that were started before, each under its own login, for a short while and beside a running Ashlar: no lock is
 * taken from it, nothing is made, migrated or changed. An embedded PostgreSQL that does not run is started for this while.
 * @throws only what nobody foresees: which services can't be reached, and why, is in the answer
 */
export async function openServices(options: OpenServicesOptions): Promise<OpenServices> {
  const reached = new Map<string, ServiceDatabase>()
  const unreached = new Map<string, Error>()
  const closing: (() => Promise<void>)[] = []
  const close = async () => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  const unlessKnown = (services: readonly string[]) => (error: unknown) => {
    const reason = known(error)
    for (const service of services) unreached.set(service, reason)
  }
  const open = async (site: Site) => {
    const connection = await site.connect()
    const found = await lookFor(site.services, connection)
    const openOne = async (service: string) => {
      const login = wayInto(service, connection, found, site.variable, options)
      const db = openServiceDatabase({ service, connection: login, connectionsMax: CONNECTIONS, log: options.log })
      closing.push(() => db.close())
      await signIn(db, connection)
      reached.set(service, db)
    }
    for (const service of site.services) await openOne(service).catch(unlessKnown([service]))
  }
  try {
    for (const site of sitesOf(options, closing)) await open(site).catch(unlessKnown(site.services))
  } catch (error) {
    await close()
    throw error
  }
  return { reached, unreached, close, [Symbol.asyncDispose]: close }
}

function sitesOf({ services, serviceUrls = {}, databaseUrl, dataDir, log }: OpenServicesOptions, closing: (() => Promise<void>)[]): Site[] {
  const at = (url: string, variable: string) => ({ variable, connect: () => reach(url, variable) })
  const embedded = {
    variable: null,
    async connect() {
      const postgres = await visitEmbeddedPostgres(dataDir, log)
      closing.push(() => postgres.close())
      return postgres.connection
    },
  }
  const shared = services.filter((service) => !serviceUrls[service])
  return [
    ...(shared.length > 0 ? [{ services: shared, ...(databaseUrl ? at(databaseUrl, 'DATABASE_URL') : embedded) }] : []),
    ...Object.entries(serviceUrls).flatMap(([service, url]) =>
      services.includes(service) ? [{ services: [service], ...at(url, `${service.toUpperCase()}_DATABASE_URL`) }] : [],
    ),
  ]
}

interface Found {
  readonly database: string
  /** Of each schema that has been migrated. */
  readonly owners: Readonly<Record<string, string>>
}

async function lookFor(services: readonly string[], connection: pg.ClientConfig): Promise<Found> {
  const client = new pg.Client({ ...connection, application_name: 'ashlar operator', connectionTimeoutMillis: CONNECT_MS })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(
      `select current_database() as database, coalesce(jsonb_object_agg(nspname, pg_get_userbyid(nspowner)) filter (where nspname is not null), '{}') as owners
       from (select) one left join pg_namespace on nspname = any($1) and exists (select from pg_class where relnamespace = pg_namespace.oid)`,
      [services],
    )
    return rows[0] as Found
  } finally {
    await client.end().catch(() => {})
  }
}

/** Under which login: the service's own, but where all was made under one. @throws DatabaseError */
function wayInto(
  service: string,
  connection: pg.ClientConfig,
  { database, owners }: Found,
  variable: string | null,
  { oneRole = false, secret }: OpenServicesOptions,
): pg.ClientConfig {
  const where = `the PostgreSQL ${variable ? `of ${variable} ` : ''}at ${addressOf(connection)}`
  const owner = owners[service]
  const roles = rolesOf(database, service)
  if (owner === undefined)
    throw new DatabaseError(`The database ${database} of ${where} has no schema of that name yet: start Ashlar on it first.`)
  if (oneRole && (variable !== null || owner !== roles.owner)) return connection
  if (owner !== roles.owner)
    throw new DatabaseError(
      `The schema ${service} of the database ${database} belongs to ${owner}, not to ${roles.owner}: set ONE_ROLE=1 if it was made so.`,
    )
  if (!secret)
    throw new DatabaseError(`SECRET_KEY is not set, and there is none in the data folder: without it the logins of ${where} are closed.`)
  return { ...connection, database, user: roles.login, password: passwordOf(secret, roles.login) }
}

async function signIn(db: ServiceDatabase, connection: pg.ClientConfig): Promise<void> {
  const where = `the PostgreSQL at ${addressOf(connection)}`
  try {
    await db.query('select')
  } catch (error) {
    const { cause = error } = error as { cause?: unknown }
    const { code, message } = cause as { code?: string; message: string }
    throw new DatabaseError(
      code === '28P01' || code === '28000'
        ? `Its login to ${where} was made under another key: set SECRET_KEY to that one, or DATA_DIR to the folder that has it.`
        : `Its login to ${where} can't be used: ${message}`,
      { cause: error },
    )
  }
}

/** What has words for people. @throws anything else */
function known(error: unknown): Error {
  if (error instanceof DatabaseError || error instanceof EmbeddedPostgresError) return error
  // PostgreSQL's and the system's own have codes.
  if (!(error instanceof Error) || typeof (error as { code?: unknown }).code !== 'string') throw error
  return new DatabaseError(`The database can't be used: ${error.message}`, { cause: error })
}
