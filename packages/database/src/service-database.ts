import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { type Prisma, PrismaClient } from './generated/prisma/client.js'
import type { DatabaseLog } from './logger.js'
import { ServicePool } from './service-pool.js'
import { type Sql, sqlOver, statementName } from './sql.js'
import { sqlTransaction } from './sql-transaction.js'
import { TransactionScope, TransactionTimeout } from './transaction-scope.js'

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
  /**
   * Runs `work` in one transaction of models and SQL alike; whatever it throws undoes all.
   * @throws Error where it did not commit, also where `work` has swallowed the failure of a statement.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** The same for SQL alone: half the cost, for what must be fast. */
  sqlTransaction<T>(work: (sql: Sql) => Promise<T>, options?: SqlTransactionOptions): Promise<T>
  /** Lets what runs end for 5 s, then cuts it off. */
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
const CLOSE_MS = 5_000

// What Prisma calls a transaction that took too long, to begin or as a whole.
const TRANSACTION_API_ERROR = 'P2028'

/** Opens one service's pool and client. Connects on the first use, and anew after a connection was lost. */
export function openServiceDatabase({ service, connection, connectionsMax, log }: ServiceDatabaseOptions): ServiceDatabase {
  const settings = { search_path: service, statement_timeout: STATEMENT_MS, idle_in_transaction_session_timeout: 2 * TRANSACTION_MS }
  const pool = new ServicePool({
    ...connection,
    application_name: `ashlar ${service}`,
    options: [connection.options, ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)].filter(Boolean).join(' '),
    statementMs: STATEMENT_MS,
    max: connectionsMax,
    connectionTimeoutMillis: WAIT_FOR_CONNECTION_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    keepAlive: true,
  })
  // Without a listener a server that goes away ends the process; the pool has already let go of the connection.
  pool.on('error', (error) => log.warn({ service, reason: error.message }, 'lost an idle database connection'))
  const adapter = new PrismaPg(pool, { schema: service, statementNameGenerator: ({ sql }) => statementName(sql) })
  // The pool's own wait is the shorter one, so that it is the pool that says what there was to wait for.
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: 2 * WAIT_FOR_CONNECTION_MS, timeout: TRANSACTION_MS } })

  let closed: Promise<void> | undefined
  return {
    service,
    prisma,
    pool,
    ...sqlOver(pool),
    async transaction(work) {
      const scope = new TransactionScope()
      const sql = sqlOver(scope)
      const result = await pool
        .within(scope, () => prisma.$transaction((tx) => work({ prisma: tx, ...sql })))
        .catch((error: Error & { code?: string }) => {
          throw error.code === TRANSACTION_API_ERROR ? new TransactionTimeout(error) : error
        })
      scope.committed()
      return result
    },
    sqlTransaction: (work, options) => sqlTransaction(pool, work, options),
    close() {
      closed ??= pool.close(CLOSE_MS).then(() => prisma.$disconnect())
      return closed
    },
  }
}
