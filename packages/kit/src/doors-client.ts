import { Pool } from 'undici'
import type { Asking } from './caller.js'
import { AshlarError, type ErrorCode, subgraphUnavailable } from './errors.js'
import { STATEMENT_HEADER, type Statements } from './statements.js'
import { closePool } from './stop-server.js'

export interface DoorClientOptions {
  /** Whose doors these are. */
  readonly audience: string
  readonly url: URL
  readonly statements: Statements
}

export interface DoorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface DoorRequest {
  /** The path. */
  readonly door: string
  /** What the statement is for, where that is more than the path. */
  readonly stated?: string
  readonly body: string | Buffer
  /** null: as the system. */
  readonly asking: Asking | null
  readonly limitMs: number
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
}

const CONNECTIONS_MAX = 64
/** Asked at once and not answered yet, waiting ones included. */
const OPEN_MAX = 1_000
const CONNECT_MS = 2_000
/** Shorter than a service keeps its own end open, so that nothing is sent into a connection that is just being closed. */
const KEEP_ALIVE_MS = 30_000
const ANSWER_BYTES_MAX = 32 * 1024 * 1024
const CALL_MS = 5_000
const RETRY_AFTER_SECONDS = 5
/** Nothing was sent: a write has not happened. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

/** Nothing reached the other process; whatever was asked of it did not happen. */
export class NotSent extends Error {
  override name = 'NotSent'
}

/** The doors of one other process, over kept connections, each call with its statement. */
export class DoorClient {
  private readonly pool: Pool
  private open = 0

  constructor(private readonly options: DoorClientOptions) {
    this.pool = new Pool(options.url.origin, {
      connections: CONNECTIONS_MAX,
      connect: { timeout: CONNECT_MS },
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxResponseSize: ANSWER_BYTES_MAX,
    })
  }

  get audience(): string {
    return this.options.audience
  }

  get url(): URL {
    return this.options.url
  }

  /** The value of a header that a call of one's own needs, such as a socket's. */
  statement(door: string, body: string | Buffer, asking: Asking | null): string {
    return this.options.statements.sign({ audience: this.audience, door, body, asking })
  }

  /** Whatever it answers. @throws NotSent, or an Error where it does not answer within its time */
  async send({ door, stated = door, body, asking, limitMs, method = 'POST', headers = {} }: DoorRequest): Promise<DoorAnswer> {
    if (this.open >= OPEN_MAX) throw new NotSent(`${this.audience} is asked too much at once`)
    this.open += 1
    try {
      const answer = await this.pool.request({
        path: door,
        method,
        headers: { 'content-type': 'application/json', ...headers, [STATEMENT_HEADER]: this.statement(stated, body, asking) },
        body: method === 'POST' ? body : null,
        signal: AbortSignal.timeout(limitMs),
      })
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) }
    } catch (error) {
      const { code } = error as { code?: string }
      if (code !== undefined && NOT_SENT.has(code)) throw new NotSent(`${this.audience} can't be reached`, { cause: error })
      throw error
    } finally {
      this.open -= 1
    }
  }

  /**
   * Asks a door of the closed kind, JSON in and out, as the system.
   * @throws AshlarError as the service threw it; SUBGRAPH_UNAVAILABLE where it does not answer
   */
  async call<Result>(door: string, input: unknown, limitMs = CALL_MS): Promise<Result> {
    const answer = await this.send({ door, body: JSON.stringify(input), asking: null, limitMs }).catch((error: Error) => {
      throw unavailable(error)
    })
    const read = parse(String(answer.body))
    if (answer.status === 200 && read && 'result' in read) return read.result as Result
    const { code, message = '', ...extensions } = (read?.error ?? {}) as { code?: ErrorCode; message?: string }
    if (code === undefined || code === 'INTERNAL_SERVER_ERROR' || code === 'UNAUTHENTICATED')
      throw unavailable(new Error(`${this.audience}${door} answered ${answer.status}`))
    throw new AshlarError(code, message, extensions)
  }

  /** Lets what is asked finish, if that is soon. */
  close(): Promise<void> {
    return closePool(this.pool)
  }

  /** Has what is asked fail at once. */
  abort(reason: Error): void {
    void this.pool.destroy(reason)
  }
}

function unavailable(cause: Error): AshlarError {
  const error = subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
  error.cause = cause
  return error
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
