import type { QueryResult, QueryResultRow } from 'pg'
import type { TakenConnection } from './service-pool.js'

/** The transaction took longer than it may, and was undone. */
export class TransactionTimeout extends Error {
  override name = 'TransactionTimeout'
  /** PostgreSQL's own for it. */
  readonly code = '25P04'

  constructor(cause?: Error) {
    super('the transaction took too long and was undone', { cause })
  }
}

/** One of Prisma's transactions, seen from its connection: from its beginning to its being given back. */
export class TransactionScope {
  #connection: TakenConnection | null = null
  #ended = false
  #lastCommand = ''
  readonly #afterCommit: (() => void)[] = []

  /** Called with the connection that the transaction is on; a later one, of another's beginning, is not its own. */
  begin(connection: TakenConnection): void {
    if (this.#connection || this.#ended) return
    this.#connection = connection
    const { release } = connection
    connection.release = (error) => {
      this.#lastCommand = connection.lastCommand
      this.#connection = null
      this.#ended = true
      release(error)
    }
  }

  get ended(): boolean {
    return this.#ended
  }

  /** @throws Error where the transaction has ended: its connection may already be another's. */
  async query<Row extends QueryResultRow>(config: { name: string; text: string; values: unknown[] }): Promise<QueryResult<Row>> {
    // Prisma ends one that takes too long under the hands of the work, which finds out here.
    if (!this.#connection) throw this.#lastCommand === 'ROLLBACK' ? new TransactionTimeout() : new Error('the transaction has ended')
    return this.#connection.query<Row>(config)
  }

  afterCommit(work: () => void): void {
    this.#afterCommit.push(work)
  }

  /**
   * Has what waited for the commit done.
   * @throws Error where PostgreSQL answered the commit with a rollback, as it does after a failed statement, with no error.
   */
  committed(): void {
    if (this.#lastCommand !== 'COMMIT') throw new Error('a statement of the transaction failed: nothing was written')
    for (const work of this.#afterCommit) work()
  }
}
