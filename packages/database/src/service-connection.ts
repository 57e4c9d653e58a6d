import pg from 'pg'

/** The connection broke, or the server did not answer in time: whether the last statement took effect is not known. */
export class ConnectionLost extends Error {
  override name = 'ConnectionLost'
  /** PostgreSQL's own for a connection that failed. */
  readonly code = '08006'
}

/** Longer than the server lets a statement run, so that silence means that it, or the way to it, is gone. */
export const ANSWER_GRACE_MS = 3_000

type Query = (config: QueryConfig) => Promise<pg.QueryResult>
type QueryConfig = { text: string; values?: unknown[]; query_timeout?: number }

/** A connection that sends one statement at a time and knows whether it is still of use. */
export class ServiceConnection extends pg.Client {
  /** What the server called the last statement that it answered: SELECT, COMMIT, ROLLBACK, … */
  lastCommand = ''
  /** How long the server may take for one statement. */
  statementMs = 0
  #fault: Error | undefined
  #open = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(config?: pg.ClientConfig) {
    super(config)
    // Without a listener a server that goes away ends the process. What was asked of it meanwhile fails by itself.
    this.on('error', (error) => {
      this.#fault ??= error
    })
  }

  /** Why it must not be used again; also where it was left in the middle of a transaction. */
  fault(): Error | undefined {
    if (this.#fault) return this.#fault
    return this.getTransactionStatus() === 'I' ? undefined : new Error('the connection was left inside of a transaction')
  }

  override query: pg.Client['query'] = ((config: string | QueryConfig, values?: unknown[]) => {
    const query = typeof config === 'string' ? { text: config, ...(values && { values }) } : config
    // pg's own queue is going to be taken away, and would send after a loss what had waited.
    const sent = this.#open === 0 ? this.#send(query) : this.#last.then(() => this.#send(query))
    this.#open += 1
    this.#last = sent.then(this.#done, this.#done)
    return sent
  }) as pg.Client['query']

  readonly #done = () => {
    this.#open -= 1
  }

  async #send(query: QueryConfig): Promise<pg.QueryResult> {
    if (this.#fault) throw new ConnectionLost('the connection to the database was lost before this statement', { cause: this.#fault })
    const limit = this.statementMs > 0 ? { query_timeout: this.statementMs + ANSWER_GRACE_MS } : {}
    try {
      const result = await (super.query as unknown as Query).call(this, { ...query, ...limit })
      this.lastCommand = result.command
      return result
    } catch (error) {
      throw this.#judge(error as Error)
    }
  }

  #judge(error: Error): Error {
    if (error instanceof pg.DatabaseError && error.severity !== 'FATAL' && error.severity !== 'PANIC') return error
    this.#fault ??= error
    if (error instanceof pg.DatabaseError) return error
    // A value that can't be written as SQL fails here too, with the connection none the worse; but who knows.
    if (!LOST.test(`${(error as NodeJS.ErrnoException).code} ${error.message}`)) return error
    void this.end()
    return new ConnectionLost('the database did not answer', { cause: error })
  }
}

const LOST = /ECONNRESET|EPIPE|ETIMEDOUT|ENOTCONN|Connection terminated|Query read timeout|not queryable/
