import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type FormattedExecutionResult, GraphQLError, parse } from 'graphql'
import { CloseCode, type Context, handleProtocols, makeServer, type OperationResult, type WebSocket as TransportSocket } from 'graphql-ws'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { Asking } from './caller.js'
import type { RunningSubgraph } from './define-subgraph.js'
import { tooComplex } from './errors.js'
import type { Logger } from './log.js'
import { farewell, SocketCode } from './sockets/farewell.js'
import { type Beating, HeartBeat } from './sockets/heart-beat.js'
import { LatestProof } from './sockets/latest-proof.js'
import type { AnswerStream, SubgraphOperation } from './subgraph-execution.js'

export interface SocketLimits {
  readonly socketsMax: number
  /** Of one socket, at once. */
  readonly subscriptionsMax: number
  readonly messageBytesMax: number
  /** What may wait towards a client that reads slowly; beyond it the socket is closed. */
  readonly bufferedBytesMax: number
  readonly initTimeoutMs: number
  /** How often a ping goes out, and how long its pong may take: whoever does not read any more is gone after twice this. */
  readonly keepAliveMs: number
}

export const SOCKET_LIMITS: SocketLimits = {
  socketsMax: 10_000,
  subscriptionsMax: 1_000,
  messageBytesMax: 4_000_000,
  bufferedBytesMax: 16_000_000,
  initTimeoutMs: 5_000,
  keepAliveMs: 12_000,
}

/** As whom a socket may ask, and for how long. */
export interface Admission {
  readonly asking: Asking
  /** Until the next ping must have brought a new proof, else the socket closes with 4403; for ever if absent. */
  readonly expiresInMs?: number
}

export interface SocketOptions {
  readonly server: Server
  /** Where the endpoint is, such as `/graphql`; upgrades of other paths are left to others. */
  readonly path: string
  readonly subgraph: Pick<RunningSubgraph, 'schema' | 'subscribe'>
  /**
   * Says who asks, by the payload of `connection_init`, and again by that of each `ping` that has one. Throws or answers null where that
   * is no proof: the socket closes with 4403, and whoever has a new one may come back.
   */
  authenticate(payload: Readonly<Record<string, unknown>>, request: IncomingMessage): Promise<Admission | null> | Admission | null
  readonly limits?: Partial<SocketLimits>
  readonly log: Logger
}

export interface Sockets {
  /** How many are open now. */
  readonly count: number
  /** How many subscriptions there are over them. */
  readonly subscriptionCount: number
  /** How many were closed since they did not read what was sent. */
  readonly tooSlowCount: number
  /** Takes no more, and sends everyone away with a code that clients come back after. */
  close(): Promise<void>
}

/** The kind of operation is all that graphql-ws looks at; the subgraph reads the text itself, once for all who send the same. */
const SOME_SUBSCRIPTION = parse('subscription { _ }', { noLocation: true })

/**
 * A subgraph's own endpoint for subscriptions: graphql-transport-ws, over the graphql-ws library. Answers are drawn from a subscription
 * one by one as they are written out, so a slow socket costs what it is allowed to buffer and no more; the log waits for it.
 */
export function attachSockets({ server, path, subgraph, authenticate, limits: given, log }: SocketOptions): Sockets {
  const limits = { ...SOCKET_LIMITS, ...given }
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.messageBytesMax, perMessageDeflate: false, handleProtocols })
  const clients = new Set<Client>()
  const heart = new HeartBeat(limits.keepAliveMs)
  let tooSlowCount = 0

  const protocol = makeServer<Record<string, unknown>, Client>({
    connectionInitWaitTimeout: limits.initTimeoutMs,
    onConnect: ({ extra, connectionParams }) => extra.admit(connectionParams ?? {}),
    onPing: async ({ extra, acknowledged }, payload) => {
      if (payload && acknowledged && !(await extra.admit(payload))) extra.close(CloseCode.Forbidden, 'Forbidden')
    },
    async onSubscribe({ extra, subscriptions }: Context<Record<string, unknown>, Client>, _, operation) {
      if (Object.keys(subscriptions).length > limits.subscriptionsMax) return [tooComplex({ limit: limits.subscriptionsMax })]
      const { query, operationName = null, variables = null, extensions } = operation
      const startingBy = typeof extensions?.startingBy === 'string' ? extensions.startingBy : null
      const answers = await extra.subscribe({ query, operationName, variables, startingBy })
      // Refused before anything ran: the protocol has a message of its own for that.
      if (!(Symbol.asyncIterator in answers) && answers.data === undefined) return (answers.errors ?? []).map(asError)
      return { schema: subgraph.schema, document: SOME_SUBSCRIPTION, contextValue: answers }
    },
    subscribe: ({ contextValue }) => contextValue as OperationResult,
    // As the subgraph has formatted it.
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
  })

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '', 'http://subgraph').pathname !== path) {
      if (server.listenerCount('upgrade') === 1) refuse(socket, '404 Not Found')
      return
    }
    if (sockets.clients.size >= limits.socketsMax) return refuse(socket, '503 Service Unavailable')
    sockets.handleUpgrade(request, socket, head, (opened) => {
      const client = new Client(opened, request, { subgraph, authenticate, limits, log, heart, onTooSlow: () => (tooSlowCount += 1) })
      clients.add(client)
      const closed = protocol.opened(client, client)
      opened.once('close', (code, reason) => {
        clients.delete(client)
        client.release()
        closed(code, String(reason)).catch((error: unknown) => log.error({ err: error }, 'a socket was not closed cleanly'))
      })
    })
  }
  server.on('upgrade', onUpgrade)

  return {
    get count() {
      return sockets.clients.size
    },
    get subscriptionCount() {
      return [...clients].reduce((sum, { subscriptionCount }) => sum + subscriptionCount, 0)
    },
    get tooSlowCount() {
      return tooSlowCount
    },
    async close() {
      server.off('upgrade', onUpgrade)
      const all = [...sockets.clients]
      await Promise.all(all.map((socket) => farewell(socket, SocketCode.GoingAway, 'Going away')))
      sockets.close()
    },
  }
}

/** One socket, who asks over it, and what is to be released when it goes. */
class Client implements TransportSocket, Beating {
  readonly protocol: string
  private readonly admission = new LatestProof<Admission>(({ asking }) => asking.identity?.userId ?? null)
  private expiry: NodeJS.Timeout | undefined
  private readonly streams = new Set<AbortController>()
  private alive = true

  constructor(
    private readonly socket: WebSocket,
    private readonly request: IncomingMessage,
    private readonly options: Pick<SocketOptions, 'subgraph' | 'authenticate' | 'log'> & {
      readonly limits: SocketLimits
      readonly heart: HeartBeat
      readonly onTooSlow: () => void
    },
  ) {
    this.protocol = socket.protocol
    options.heart.add(this)
    socket.on('pong', () => {
      this.alive = true
    })
    // What breaks the protocol of frames, or is too long, ws itself closes with the code that says so.
    socket.on('error', (error) => options.log.debug({ err: error }, 'a socket broke'))
  }

  get subscriptionCount(): number {
    return this.streams.size
  }

  onMessage(handle: (text: string) => Promise<void>): void {
    this.socket.on('message', (data: RawData, binary: boolean) => {
      if (binary) return this.close(SocketCode.UnsupportedData, 'Text only')
      handle(String(data)).catch((error: unknown) => {
        this.options.log.error({ err: error }, 'a message could not be handled')
        this.close(CloseCode.InternalServerError, 'Internal server error')
      })
    })
  }

  /** Resolves once it is written out: so many answers of a stream wait as one. */
  send(text: string): Promise<void> {
    const { socket } = this
    if (socket.readyState !== socket.OPEN) {
      // What is not written out does not wait either: a stream that never pauses would take the whole process.
      this.release()
      return Promise.resolve()
    }
    if (socket.bufferedAmount > this.options.limits.bufferedBytesMax) {
      this.options.onTooSlow()
      this.close(SocketCode.TryAgainLater, 'Too slow')
      return Promise.resolve()
    }
    // A socket that breaks has its own event.
    return new Promise((resolve) => socket.send(text, () => resolve()))
  }

  close(code: number = SocketCode.GoingAway, reason = ''): void {
    this.release()
    void farewell(this.socket, code, reason)
  }

  /** Takes the word of the latest proof. */
  async admit(payload: Readonly<Record<string, unknown>>): Promise<boolean> {
    const outcome = await this.admission.take(async () => {
      try {
        return await this.options.authenticate(payload, this.request)
      } catch (error) {
        this.options.log.debug({ err: error }, 'a socket was not admitted')
        return null
      }
    })
    if (outcome !== 'taken' || this.socket.readyState !== this.socket.OPEN) return outcome !== 'refused'
    clearTimeout(this.expiry)
    const expiresInMs = this.admission.current?.expiresInMs
    if (expiresInMs !== undefined) this.expiry = setTimeout(() => this.close(CloseCode.Forbidden, 'Forbidden'), expiresInMs).unref()
    return true
  }

  /** A stream that ends at once when it is returned, whatever it waits for. */
  async subscribe(operation: SubgraphOperation): Promise<AnswerStream | FormattedExecutionResult> {
    const ended = new AbortController()
    this.streams.add(ended)
    const end = () => {
      ended.abort()
      this.streams.delete(ended)
    }
    const answers = await this.options.subgraph.subscribe(operation, () => this.asking(), ended.signal)
    if (!(Symbol.asyncIterator in answers)) {
      end()
      return answers
    }
    const stream: AnswerStream = {
      next: async () => {
        if (ended.signal.aborted) return answers.return()
        const step = await answers.next()
        if (step.done) end()
        return step
      },
      return: (value) => {
        end()
        return answers.return(value)
      },
      throw: (error) => {
        end()
        return answers.throw(error)
      },
      [Symbol.asyncIterator]: () => stream,
      [Symbol.asyncDispose]: () => stream.return().then(() => {}),
    }
    return stream
  }

  release(): void {
    this.options.heart.delete(this)
    clearTimeout(this.expiry)
    for (const stream of this.streams) stream.abort()
    this.streams.clear()
  }

  private asking(): Asking {
    const { current } = this.admission
    if (!current) throw new Error('nothing is asked before the admission')
    return current.asking
  }

  beat(): void {
    // Whoever has not answered since the last one does not read any more: a close would wait behind what they don't read.
    if (this.alive) this.socket.ping()
    else this.socket.terminate()
    this.alive = false
  }
}

const asError = ({ message, extensions }: { readonly message: string; readonly extensions?: Record<string, unknown> }): GraphQLError =>
  new GraphQLError(message, extensions ? { extensions } : {})

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
