import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { ServiceConnection } from './service-connection.js'
import type { TransactionScope } from './transaction-scope.js'

/** No connection could be had; nothing was sent. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable'

  constructor(
    /** PostgreSQL's own: 53300 where all connections of the pool are in use, 08001 where none can be made. */
    readonly code: '53300' | '08001',
    message: string,
    cause: unknown,
  ) {
    super(message, { cause })
  }
}

export interface ServicePoolConfig extends pg.PoolConfig {
  /** How long the server may take for one statement. */
  readonly statementMs: number
}

export type TakenConnection = ServiceConnection & pg.PoolClient

/** How much may wait for a connection: what comes then is refused at once, rather than after it has waited for nothing. */
export const WAITING_MAX = 500

/** A bounded pool of one service's connections. */
export class ServicePool extends pg.Pool {
  readonly #statementMs: number
  readonly #scopes = new AsyncLocalStorage<TransactionScope>()
  readonly #live = new Set<pg.PoolClient>()

  constructor({ statementMs, ...config }: ServicePoolConfig) {
    super({ ...config, Client: ServiceConnection } as pg.PoolConfig)
    this.#statementMs = statementMs
    this.on('connect', (connection) => this.#live.add(connection))
    this.on('remove', (connection) => this.#live.delete(connection))
  }

  /** Takes a connection; giving it back, the pool sees for itself whether it is still of use. */
  async take(): Promise<TakenConnection> {
    if (this.waitingCount >= WAITING_MAX) throw new DatabaseUnavailable('53300', 'too much waits for a connection of the service', null)
    const connection = (await super.connect().catch(refused)) as TakenConnection
    const { release } = connection
    connection.statementMs = this.#statementMs
    connection.release = (error) => release(error ?? connection.fault())
    return connection
  }

  /** Runs `begin`, which takes one connection by `connect`, and tells the scope which. */
  within<T>(scope: TransactionScope, begin: () => Promise<T>): Promise<T> {
    return this.#scopes.run(scope, begin)
  }

  // What Prisma's adapter begins a transaction with, and calls for nothing else.
  override connect(): Promise<pg.PoolClient>
  override connect(callback: Parameters<pg.Pool['connect']>[0]): void
  override connect(callback?: Parameters<pg.Pool['connect']>[0]): Promise<pg.PoolClient> | undefined {
    if (callback) throw new Error('this pool is asked by promises')
    const scope = this.#scopes.getStore()
    return this.take().then((connection) => {
      scope?.begin(connection)
      return connection
    })
  }

  // pg's own throws the connection away, with all it has prepared, for an error as ordinary as a broken constraint.
  override query: pg.Pool['query'] = (async (config: string, values?: unknown[]) => {
    const connection = await this.take()
    try {
      return await connection.query(config, values)
    } finally {
      connection.release()
    }
  }) as pg.Pool['query']

  /** Lets what runs end by itself for a while, then cuts it off. */
  async close(graceMs: number): Promise<void> {
    const waiting = new AbortController()
    const cut = delay(graceMs, undefined, { signal: waiting.signal }).then(
      () => Promise.all([...this.#live].map((connection) => (connection as unknown as pg.Client).end())),
      () => {},
    )
    // Whoever never gives a connection back is not waited for.
    await Promise.race([this.end(), cut])
    waiting.abort()
  }
}

function refused(error: Error): never {
  if (error.message === 'timeout exceeded when trying to connect')
    throw new DatabaseUnavailable('53300', 'all connections of the service to its database are in use', error)
  throw new DatabaseUnavailable('08001', `the database can't be reached: ${error.message}`, error)
}
