import { AsyncLocalStorage } from 'node:async_hooks'
import pg from 'pg'

const transactions = new AsyncLocalStorage<{ client?: pg.PoolClient }>()

type Query = (config: unknown, values?: unknown) => Promise<pg.QueryResult>

/** A bounded pool of one service's connections. */
export class ServicePool extends pg.Pool {
  /** Runs `begin`; the function handed to it answers the connection that was taken from the pool meanwhile. */
  static watching<T>(begin: (connection: () => pg.PoolClient) => Promise<T>): Promise<T> {
    const scope: { client?: pg.PoolClient } = {}
    return transactions.run(scope, () =>
      begin(() => {
        if (!scope.client) throw new Error('no transaction has begun')
        return scope.client
      }),
    )
  }

  override connect(): Promise<pg.PoolClient>
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | void {
    if (callback) return super.connect(callback)
    const scope = transactions.getStore()
    return super.connect().then((client) => {
      if (scope && !scope.client) scope.client = client
      return client
    })
  }

  // pg's own throws the connection away, with all it has prepared, for an error as ordinary as a broken constraint.
  override query: pg.Pool['query'] = (async (config: unknown, values?: unknown) => {
    const client = await super.connect()
    let lost: Error | undefined
    const onError = (error: Error) => {
      lost = error
    }
    client.once('error', onError)
    try {
      return await (client.query as Query)(config, values)
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) lost = error as Error
      throw error
    } finally {
      client.removeListener('error', onError)
      client.release(lost)
    }
  }) as pg.Pool['query']
}
