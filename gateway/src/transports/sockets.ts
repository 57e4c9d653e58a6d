import { SocketCode } from '@ashlar/kit/sockets/farewell'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL, handleProtocols } from 'graphql-ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { comingFrom, shownBy } from '../http/asking.js'
import { FrameWriter } from './frame.js'
import { refuseFull } from './refusals.js'
import { SocketClient } from './socket-client.js'
import { SocketConnection } from './socket-connection.js'
import type { TransportParts } from './transports.js'
import type { Upgrade } from './upgrades.js'

/** graphql-transport-ws: all the sockets of a gateway. */
export class Sockets {
  private readonly server: WebSocketServer
  private readonly clients = new Set<SocketClient>()
  private readonly frames = new FrameWriter()

  constructor(private readonly parts: TransportParts) {
    const { socketMessageBytes: maxPayload } = parts.limits
    this.server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload, handleProtocols })
  }

  get count(): number {
    return this.clients.size
  }

  get operationCount(): number {
    return [...this.clients].reduce((sum, { operationCount }) => sum + operationCount, 0)
  }

  /** Makes a socket of a request that has passed all checks but that of room. */
  open(request: FastifyRequest, reply: FastifyReply, { duplex, head, take }: Upgrade): void {
    const { asking, limits, places, onTooSlow } = this.parts
    // Gone while it was looked at: it does not say so again.
    if (duplex.destroyed) return
    const place = places.take(request.ip)
    if (typeof place === 'string') {
      refuseFull(reply, place, limits)
      return
    }
    const shown = shownBy(request)
    const from = comingFrom(request, asking)
    reply.hijack()
    take()
    // Where the handshake is none, it is answered and the connection ended without a word to us.
    duplex.once('close', place.release)
    this.server.handleUpgrade(request.raw, duplex, head, (socket) => {
      this.opened(socket, (onEnd) => {
        const connection = new SocketConnection({
          socket,
          duplex,
          frames: this.frames,
          bufferBytes: limits.connectionBufferBytes,
          onTooSlow,
          onEnd,
        })
        const { streams, log, watch } = this.parts
        const forwardsAuthorization = asking.forwardedHeaders?.includes('authorization') ?? false
        return new SocketClient({ streams, watch, limits, log, shown, from, forwardsAuthorization, place }, connection)
      })
    })
  }

  /** Sends everyone away with a code that clients come back after. */
  async close(): Promise<void> {
    await Promise.all([...this.clients].map(({ connection }) => connection.close(SocketCode.ServiceRestart, 'Service restart')))
    this.server.close()
  }

  private opened(socket: WebSocket, clientOf: (onEnd: () => void) => SocketClient): void {
    const client = clientOf(() => {
      this.clients.delete(client)
      this.parts.heart.delete(client.connection)
      this.parts.backlog.delete(client.connection)
      client.release()
    })
    this.clients.add(client)
    this.parts.heart.add(client.connection)
    this.parts.backlog.add(client.connection)
    socket.on('message', (data, binary) => client.receive(data, binary))
    if (socket.protocol !== GRAPHQL_TRANSPORT_WS_PROTOCOL)
      client.close(CloseCode.SubprotocolNotAcceptable, `Subprotocol not acceptable: ${GRAPHQL_TRANSPORT_WS_PROTOCOL} is spoken here`)
  }
}
