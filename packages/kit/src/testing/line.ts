import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net'

/** What becomes of the bytes of one connection in one direction. */
export type LineFilter = (bytes: Buffer) => Buffer

export interface LineOptions {
  /** For each connection anew: what of the answers goes on. */
  readonly answers?: () => LineFilter
}

/** Bytes that one connection lets wait; beyond it, it reads no further. */
const WAITING_BYTES_MAX = 1_000_000

/** A line to a server on loopback or a socket, over which one can do to others what networks do. */
export class Line implements AsyncDisposable {
  readonly connections = new Set<Connection>()
  /** How many connections have been made over it. */
  opened = 0
  /** How long each piece takes; 0: no time. */
  delayMs = 0
  /** Of what goes to the server and of what comes back: nothing gets through, and nothing tells so. */
  heldRequests = false
  heldAnswers = false
  private refusing = false

  private constructor(
    private readonly server: Server,
    private readonly to: NetConnectOpts,
    readonly options: LineOptions,
  ) {
    server.on('connection', (client) => {
      if (this.refusing) return void client.on('error', () => {}).destroy()
      this.opened += 1
      this.connections.add(new Connection(this, client, connect({ ...this.to, allowHalfOpen: true })))
    })
  }

  /** Opens a line on a free port of loopback. */
  static async open(to: NetConnectOpts, options: LineOptions = {}): Promise<Line> {
    const server = createServer({ allowHalfOpen: true })
    const line = new Line(server, to, options)
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
    return line
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How much of answers is held back now. */
  get heldBytes(): number {
    return [...this.connections].reduce((sum, { answers }) => sum + answers.waitingBytes, 0)
  }

  /** Ends all connections, as a network does: what was under way is lost. New ones can be made. */
  cut(): void {
    for (const connection of this.connections) connection.cut()
  }

  /** Cuts, and takes no new connections until `accept`. */
  refuse(): void {
    this.refusing = true
    this.cut()
  }

  accept(): void {
    this.refusing = false
  }

  hold({ requests = true, answers = true }: { readonly requests?: boolean; readonly answers?: boolean } = {}): void {
    this.heldRequests = requests
    this.heldAnswers = answers
  }

  /** Lets go of all that is held, and of what is slow. */
  release(): void {
    this.heldRequests = false
    this.heldAnswers = false
    this.delayMs = 0
    for (const { requests, answers } of this.connections) {
      requests.flush()
      answers.flush()
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.refuse()
    await closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class Connection {
  readonly requests: Way
  readonly answers: Way

  constructor(
    line: Line,
    private readonly client: Socket,
    private readonly upstream: Socket,
  ) {
    this.requests = new Way(client, upstream, { delayMs: () => line.delayMs, isHeld: () => line.heldRequests, filter: null })
    this.answers = new Way(upstream, client, {
      delayMs: () => line.delayMs,
      isHeld: () => line.heldAnswers,
      filter: line.options.answers?.() ?? null,
    })
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      // Its 'close' follows.
      socket.on('error', () => {})
    }
    let open = 2
    for (const socket of [client, upstream])
      socket.once('close', (hadError: boolean) => {
        open -= 1
        if (open === 0) line.connections.delete(this)
        if (hadError) this.cut()
      })
  }

  cut(): void {
    this.requests.drop()
    this.answers.drop()
    this.client.destroy()
    this.upstream.destroy()
  }
}

interface WayOptions {
  readonly delayMs: () => number
  readonly isHeld: () => boolean
  readonly filter: LineFilter | null
}

/** One direction of one connection; null in the queue stands for its end. */
class Way {
  waitingBytes = 0
  private readonly queue: (Buffer | null)[] = []
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly options: WayOptions,
  ) {
    from.on('data', (bytes) => this.take(options.filter ? options.filter(bytes) : bytes))
    from.on('end', () => this.take(null))
    to.on('drain', () => from.resume())
    to.once('close', () => {
      this.drop()
      from.destroy()
    })
  }

  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const piece of this.queue.splice(0)) this.give(piece)
    this.waitingBytes = 0
    this.from.resume()
  }

  drop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.queue.length = 0
    this.waitingBytes = 0
  }

  private take(piece: Buffer | null): void {
    const { delayMs, isHeld } = this.options
    if (this.queue.length === 0 && delayMs() === 0 && !isHeld()) {
      this.give(piece)
      return
    }
    this.queue.push(piece)
    this.waitingBytes += piece?.length ?? 0
    if (this.waitingBytes > WAITING_BYTES_MAX) this.from.pause()
    this.later()
  }

  /** What is held waits for its release; what is slow goes piece by piece. */
  private later(): void {
    if (this.timer || this.queue.length === 0 || this.options.isHeld()) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      const piece = this.queue.shift() ?? null
      this.waitingBytes -= piece?.length ?? 0
      this.give(piece)
      if (this.queue.length === 0) this.from.resume()
      this.later()
    }, this.options.delayMs())
  }

  private give(piece: Buffer | null): void {
    if (this.to.destroyed) return
    if (piece === null) this.to.end()
    else if (piece.length > 0 && !this.to.write(piece)) this.from.pause()
  }
}
