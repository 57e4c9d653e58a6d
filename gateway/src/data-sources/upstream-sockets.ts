import type { Asking } from '@ashlar/kit/caller'
import { type Client, createClient, type FormattedExecutionResult, MessageType, stringifyMessage } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { SubgraphRequest } from '../subgraph.js'
import { readFollowed } from './answer.js'
import { type Answer, Overrun, type Source, Unreachable } from './source.js'

export interface UpstreamSocketsOptions {
  readonly url: URL
  /** What `connection_init` says of who asks, and again each ping. */
  proof(asking: Asking): Readonly<Record<string, unknown>>
  /** What the opening request bears. */
  headers?(asking: Asking): Readonly<Record<string, string>>
  /** Tells apart for whom there is a socket of its own: a socket speaks for one of them. */
  keyOf(asking: Asking): string
  /** Whether errors' extensions are the client's business, whatever they are. */
  readonly open?: boolean
  /** Whether the service says behind which cursor a subscription begins. */
  readonly tellsStart?: boolean
  /** Of one message. */
  readonly messageBytesMax: number
  /** How often it is proved anew who asks. */
  readonly renewEveryMs?: number
}

/** The address of the sockets that stand beside an address of HTTP. */
export function socketUrl(url: URL): URL {
  const socket = new URL(url)
  socket.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return socket
}

const PER_SOCKET_MAX = 100
const CONNECT_MS = 5_000
const RENEW_EVERY_MS = 30_000
/** Without an answer to two pings the other side is gone. */
const UNANSWERED_MAX = 2.5
const IDLE_MS = 1_000
/** What waits for a client that reads slowly; beyond it the subscription is broken off, and taken up again once there is room. */
const QUEUE_MAX = 1_000

/**
 * Subscriptions at one service over graphql-transport-ws: sockets are shared by those for whom they speak, opened when they are needed, and
 * prove every 30 s anew who asks.
 */
export function upstreamSockets(options: UpstreamSocketsOptions): {
  readonly follow: NonNullable<Source['follow']>
  close(): void
} {
  const sockets = new Map<string, Set<UpstreamSocket>>()

  function socketFor(asking: Asking): UpstreamSocket {
    const key = options.keyOf(asking)
    const all = sockets.get(key) ?? new Set()
    sockets.set(key, all)
    for (const socket of all) if (socket.takesMore) return socket
    const socket: UpstreamSocket = new UpstreamSocket(options, asking, () => {
      all.delete(socket)
      if (all.size === 0 && sockets.get(key) === all) sockets.delete(key)
    })
    all.add(socket)
    return socket
  }

  return {
    follow: (request, asking, signal) => socketFor(asking()).follow(request, asking, signal),
    close() {
      for (const socket of [...sockets.values()].flatMap((all) => [...all])) socket.close()
    },
  }
}

class UpstreamSocket {
  private readonly client: Client
  /** Who asks, for each that is followed: any of them can say it. */
  private readonly askings = new Set<() => Asking>()
  private socket: WebSocket | null = null
  private closed = false
  private heardAt = performance.now()
  private readonly key: string
  private renewing: NodeJS.Timeout | undefined

  constructor(
    private readonly options: UpstreamSocketsOptions,
    private readonly opener: Asking,
    private readonly onClosed: () => void,
  ) {
    this.key = options.keyOf(opener)
    const heard = () => {
      this.heardAt = performance.now()
    }
    this.client = createClient({
      url: options.url.href,
      webSocketImpl: socketClass(options, opener),
      connectionParams: () => ({ ...options.proof(this.asking()) }),
      connectionAckWaitTimeout: CONNECT_MS,
      // What breaks is taken up again behind its last event, which only who follows knows.
      retryAttempts: 0,
      lazyCloseTimeout: IDLE_MS,
      on: {
        connected: (socket) => this.connected(socket as WebSocket),
        message: heard,
        closed: () => this.gone(),
        error: () => this.gone(),
      },
    })
  }

  get takesMore(): boolean {
    return !this.closed && this.askings.size < PER_SOCKET_MAX
  }

  async *follow(request: SubgraphRequest, asking: () => Asking, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
    const { open = false, tellsStart = false } = this.options
    const queue: FormattedExecutionResult[] = []
    let end: { readonly error: Error | null } | null = null
    let wake = () => {}
    const finish = (error: Error | null) => {
      end ??= { error }
      wake()
    }
    this.askings.add(asking)
    const { query, operationName, variables, startingBy } = request
    const unsubscribe = this.client.subscribe(
      {
        query,
        variables: { ...variables },
        ...(operationName && { operationName }),
        ...(startingBy !== undefined && tellsStart && { extensions: { startingBy } }),
      },
      {
        next(answer) {
          if (end) return
          queue.push(answer as FormattedExecutionResult)
          if (queue.length >= QUEUE_MAX) {
            finish(new Overrun('brought more than was read'))
            unsubscribe()
          }
          wake()
        },
        error: (reason) => {
          if (Array.isArray(reason)) queue.push({ data: null, errors: reason })
          finish(Array.isArray(reason) ? null : this.failure(reason))
        },
        // A socket that closes in order is no end of what came over it.
        complete: () => finish(this.closed ? this.failure(new Error('closed its socket')) : null),
      },
    )
    const onAbort = () => wake()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        const answer = queue.shift()
        if (answer) yield readFollowed(answer, { open })
        else if (end) {
          const { error } = end as { readonly error: Error | null }
          if (error) throw error
          return
        } else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.askings.delete(asking)
      unsubscribe()
    }
  }

  close(): void {
    this.gone()
  }

  private asking(): Asking {
    const { keyOf } = this.options
    for (const asking of this.askings)
      try {
        const now = asking()
        // Whoever may something else by now is followed over another socket from the next event on.
        if (keyOf(now) === this.key) return now
      } catch {
        // Its session has ended; who follows hears of it when the next event comes.
      }
    return this.opener
  }

  private connected(socket: WebSocket): void {
    this.socket = socket
    const { proof, renewEveryMs = RENEW_EVERY_MS } = this.options
    this.renewing = setInterval(() => {
      if (performance.now() - this.heardAt > UNANSWERED_MAX * renewEveryMs) return socket.terminate()
      if (socket.readyState !== socket.OPEN) return
      socket.send(stringifyMessage({ type: MessageType.Ping, payload: { ...proof(this.asking()) } }))
    }, renewEveryMs).unref()
  }

  private gone(): void {
    if (this.closed) return
    this.closed = true
    clearInterval(this.renewing)
    this.onClosed()
    // Else the client would subscribe anew by itself after a socket that closed in order, from wherever the log stands then.
    Promise.resolve(this.client.dispose()).catch(() => {
      // It never connected: who subscribed hears of it.
    })
  }

  /** Whether it broke, or never began. */
  private failure(reason: unknown): Error {
    const { code, reason: words, message } = (reason ?? {}) as { code?: unknown; reason?: unknown; message?: unknown }
    const text = `the socket broke: ${[code, words, message].filter((part) => part !== undefined && part !== '').join(' ')}`
    return this.socket ? new Error(text) : new Unreachable(text)
  }
}

/** A WebSocket with the bounds and the headers that are wanted: the client has no place for them. */
const socketClass = ({ messageBytesMax, headers }: UpstreamSocketsOptions, opener: Asking): typeof WebSocket =>
  class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols, {
        maxPayload: messageBytesMax,
        perMessageDeflate: false,
        handshakeTimeout: CONNECT_MS,
        headers: { ...headers?.(opener) },
      })
    }
  } as typeof WebSocket
