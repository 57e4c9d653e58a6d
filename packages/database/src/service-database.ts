import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { type Prisma, PrismaClient } from './generated/prisma/client.js'
import type { DatabaseLog } from './logger.js'
import { ServicePool } from './service-pool.js'
import { type Sql, sqlOver, statementName } from './sql.js'

/** One transaction: `prisma` for models, `query` for SQL of one's own, both on the same connection. */
export interface Tx extends Sql {
  readonly prisma: Prisma.TransactionClient
}

/** One service's way to its data: its own schema, under its own login. */
export interface ServiceDatabase extends Sql {
  /** The service's name, which is that of its schema. */
  readonly service: string
  readonly prisma: PrismaClient
  readonly pool: pg.Pool
  /** Runs `work` in one transaction of models and SQL alike; whatever it throws undoes all. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** The same for SQL alone: half the cost, for what must be fast. */
  sqlTransaction<T>(work: (sql: Sql) => Promise<T>, options?: SqlTransactionOptions): Promise<T>
  close(): Promise<void>
}

export interface SqlTransactionOptions {
  /** How long one statement may take; for work in the background that needs more than a request may. */
  readonly statementTimeoutMs?: number
}

export interface ServiceDatabaseOptions {
  readonly service: string
  /** Where, and under which login. */
  readonly connection: pg.ClientConfig
  readonly connectionsMax: number
  readonly log: DatabaseLog
}

const WAIT_FOR_CONNECTION_MS = 5_000
const STATEMENT_MS = 2_000
const TRANSACTION_MS = 5_000
const IDLE_CONNECTION_MS = 60_000

/** Opens one service's pool and client. Connects on the first use, and anew after a connection was lost. */
export function openServiceDatabase({ service, connection, connectionsMax, log }: ServiceDatabaseOptions): ServiceDatabase {
  const pool = new ServicePool({
    ...connection,
    application_name: `ashlar ${service}`,
    options: `-c search_path=${service} -c statement_timeout=${STATEMENT_MS} -c idle_in_transaction_session_timeout=${2 * TRANSACTION_MS}`,
    max: connectionsMax,
    connectionTimeoutMillis: WAIT_FOR_CONNECTION_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    keepAlive: true,
  })
  // Without a listener a server that goes away ends the process; the pool has already let go of the connection.
  pool.on('error', (error) => log.warn({ service, reason: error.message }, 'lost an idle database connection'))
  const adapter = new PrismaPg(pool, { schema: service, statementNameGenerator: ({ sql }) => statementName(sql) })
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: WAIT_FOR_CONNECTION_MS, timeout: TRANSACTION_MS } })

  return {
    service,
    prisma,
    pool,
    query: sqlOver(pool).query,
    transaction: (work) =>
      ServicePool.watching((connection) => prisma.$transaction((tx) => work({ prisma: tx, query: sqlOver(connection()).query }))),
    sqlTransaction: (work, options) => sqlTransaction(pool, work, options),
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

async function sqlTransaction<T>(
  pool: ServicePool,
  work: (sql: Sql) => Promise<T>,
  { statementTimeoutMs }: SqlTransactionOptions = {},
): Promise<T> {
  const client = await pool.connect()
  let lost: Error | undefined
  const onError = (error: Error) => {
    lost = error
  }
  client.once('error', onError)
  try {
    await client.query('begin')
    if (statementTimeoutMs) await client.query(`set local statement_timeout = ${Math.trunc(statementTimeoutMs)}`)
    const result = await work(sqlOver(client))
    const { command } = await client.query('commit')
    // PostgreSQL answers a commit after a failed statement with a rollback, and no error.
    if (command !== 'COMMIT') throw new Error('a statement of the transaction failed: nothing was written')
    return result
  } catch (error) {
    await client.query('rollback').catch((reason: Error) => {
      lost ??= reason
    })
    throw error
  } finally {
    client.removeListener('error', onError)
    client.release(lost)
  }
}
