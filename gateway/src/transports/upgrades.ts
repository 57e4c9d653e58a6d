import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'

/** A connection that wants to speak another protocol, as Node hands it over. */
export interface Upgrade {
  readonly duplex: Duplex
  readonly head: Buffer
  /** Takes the connection out of the hands of whoever would answer it as HTTP. */
  take(): void
}

const GOODBYE_MS = 2_000
/** The headers that say what protocol is wished for. */
const WISHES = new Set(['upgrade', 'connection', 'http2-settings'])

const isWebSocket = ({ headers: { upgrade = '' } }: IncomingMessage): boolean => upgrade.toLowerCase() === 'websocket'

/**
 * Has requests to upgrade go the way of any other: the same checks of host and origin, the same address of the client, the same routes,
 * so that a path which has none is 404. Who does not take the connection answers it.
 */
export class Upgrades {
  private readonly pending = new WeakMap<IncomingMessage, Upgrade>()
  private readonly server: Server
  private readonly onUpgrade: (request: IncomingMessage, duplex: Duplex, head: Buffer) => void

  constructor(fastify: FastifyInstance) {
    this.server = fastify.server
    this.onUpgrade = (request, duplex, head) => {
      if (!isWebSocket(request)) {
        this.readAgain(request, duplex, head)
        return
      }
      // Node has let go of the connection: what goes wrong with it is nobody's but ours.
      duplex.on('error', () => duplex.destroy())
      const response = new ServerResponse(request)
      response.shouldKeepAlive = false
      response.assignSocket(duplex as never)
      response.once('finish', () => {
        duplex.end()
        setTimeout(() => duplex.destroy(), GOODBYE_MS).unref()
      })
      this.pending.set(request, { duplex, head, take: () => response.detachSocket(duplex as never) })
      fastify.routing(request, response)
    }
    this.server.on('upgrade', this.onUpgrade)
  }

  /** What a request wants to become a socket with; null for one that is plain HTTP. */
  socketOf(request: IncomingMessage): Upgrade | null {
    return this.pending.get(request) ?? null
  }

  /**
   * A wish for another protocol, such as HTTP/2, may be ignored (RFC 9110, 7.8), but Node hands every one over and reads no further: without
   * the wish the request is read from its beginning, with the body that comes with it.
   */
  private readAgain({ method, url, httpVersion, rawHeaders }: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const lines = [`${method} ${url} HTTP/${httpVersion}`]
    for (let at = 0; at < rawHeaders.length; at += 2)
      if (!WISHES.has(rawHeaders[at]?.toLowerCase() ?? '')) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
    duplex.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
    this.server.emit('connection', duplex)
  }

  close(): void {
    this.server.off('upgrade', this.onUpgrade)
  }
}
