import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { parse } from 'pg-connection-string'

/** An address that can't be used, or a server behind it that can't. */
export class DatabaseError extends Error {
  override name = 'DatabaseError'
}

const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']
const CONNECT_MS = 5_000
const STARTING_MS = 30_000
const TRY_AGAIN_MS = 250

/**
 * What an address as DATABASE_URL holds it means, with libpq's rules for `sslmode` (PostgreSQL's manual, 34.19):
 * without one the connection is encrypted where the server can.
 * @throws DatabaseError where it can't be read; its words never hold the address, which has a password.
 */
export function parseAddress(url: string, variable: string): pg.ClientConfig & { readonly mayBePlain: boolean } {
  try {
    const { searchParams } = new URL(url)
    const mode = searchParams.get('sslmode')
    if (mode !== null && !TLS_MODES.includes(mode)) throw new Error(`sslmode is one of ${TLS_MODES.join(', ')}`)
    const { host, port, user, password, database, ssl, sslnegotiation, options } = parse(url, {
      useLibpqCompat: !searchParams.has('uselibpqcompat'),
    })
    if (port && !/^\d+$/.test(port)) throw new Error('its port is not a number')
    const local = host?.startsWith('/')
    const unsaid = mode === null && ssl === undefined
    const mayBePlain = !local && (unsaid || mode === 'allow' || mode === 'prefer')
    return {
      host: host || 'localhost',
      port: Number(port || 5432),
      ...(user && { user }),
      ...(password && { password }),
      ...(database && { database }),
      ...(options && { options }),
      ...(sslnegotiation && { sslnegotiation }),
      ssl: local ? false : mayBePlain || mode === 'no-verify' ? { rejectUnauthorized: false } : (ssl as pg.ClientConfig['ssl']),
      mayBePlain,
    }
  } catch (error) {
    throw new DatabaseError(`${variable} can't be read: ${(error as Error).message}`)
  }
}

/** Reaches a server as an address says, and answers how, for all connections to come. */
export async function reach(url: string, variable: string): Promise<pg.ClientConfig> {
  const { mayBePlain, ...connection } = parseAddress(url, variable)
  // libpq's "prefer": plain where encrypted does not work.
  const ways = mayBePlain ? [connection, { ...connection, ssl: false }] : [connection]
  for (const way of ways) {
    const error = await tryToConnect(way)
    if (!error) return way
    if (way === ways.at(-1) || NOTHING_TO_DO_WITH_TLS.has(codeOf(error))) throw inWords(error, way, variable)
  }
  throw new Error('there is always a way')
}

const NOTHING_TO_DO_WITH_TLS = new Set(['28P01', '3D000', '57P03', 'ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])
const codeOf = (error: unknown): string => String((error as { code?: unknown }).code)

/** null where it connects; a server that is only just starting is waited for. */
async function tryToConnect(connection: pg.ClientConfig): Promise<unknown> {
  for (const until = Date.now() + STARTING_MS; ; await delay(TRY_AGAIN_MS)) {
    const client = new pg.Client({ ...connection, connectionTimeoutMillis: CONNECT_MS })
    client.on('error', () => {})
    try {
      await client.connect()
      return null
    } catch (error) {
      if (codeOf(error) !== '57P03' || Date.now() > until) return error
    } finally {
      await client.end().catch(() => {})
    }
  }
}

function inWords(error: unknown, connection: pg.ClientConfig, variable: string): Error {
  const { code, message } = error as { code?: string; message: string }
  const where = addressOf(connection)
  if (code === '28P01' || code === '28000')
    return new DatabaseError(`The PostgreSQL at ${where} refuses the user of ${variable}: ${message}`, { cause: error })
  if (error instanceof pg.DatabaseError)
    return new DatabaseError(`The PostgreSQL at ${where} refuses the connection of ${variable}: ${message}`, { cause: error })
  return new DatabaseError(`The PostgreSQL of ${variable} at ${where} can't be reached: ${message || code}`, { cause: error })
}

/** Host and port, or the socket's folder; never a user or a password. */
export const addressOf = ({ host, port }: pg.ClientConfig): string =>
  host?.startsWith('/') ? host : host?.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
