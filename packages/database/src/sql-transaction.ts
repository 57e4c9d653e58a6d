import type { SqlTransactionOptions } from './service-database.js'
import type { ServicePool } from './service-pool.js'
import { type Sql, sqlOver } from './sql.js'
import { TransactionScope } from './transaction-scope.js'

/** Runs `work` in one transaction of SQL alone. */
export async function sqlTransaction<T>(
  pool: ServicePool,
  work: (sql: Sql) => Promise<T>,
  { statementTimeoutMs }: SqlTransactionOptions = {},
): Promise<T> {
  const connection = await pool.take()
  const scope = new TransactionScope()
  scope.begin(connection)
  try {
    await connection.query('begin')
    if (statementTimeoutMs) {
      await connection.query(`set local statement_timeout = ${Math.trunc(statementTimeoutMs)}`)
      connection.statementMs = statementTimeoutMs
    }
    const result = await work(sqlOver(scope))
    await connection.query('commit')
    connection.release()
    scope.committed()
    return result
  } catch (error) {
    if (!scope.ended) {
      // Where this fails too, the connection is not used again.
      await connection.query('rollback').catch(() => {})
      connection.release()
    }
    throw error
  }
}
