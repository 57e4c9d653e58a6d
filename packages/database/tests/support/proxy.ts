import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** A way to a server over TCP that can be encrypted, cut, and made to swallow all that is said on it. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** How many connections were made encrypted. */
  readonly encrypted: number
  /** From now on nothing comes through, and nothing tells so. */
  silence(): void
  speak(): void
  cut(): void
}

// PostgreSQL's protocol, 54.7: length 8 and this code ask for encryption; one byte answers.
const SSL_REQUEST = 80877103

export async function startProxy(socketPath: string, certificate?: { key: string; cert: string }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const pairs = new Set<readonly [Duplex, Socket]>()
  let encrypted = 0
  let silent = false
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    if (silent) return
    socket.once('data', (first) => {
      if (first.length !== 8 || first.readInt32BE(4) !== SSL_REQUEST) return join(socket, first)
      socket.write(certificate ? 'S' : 'N')
      if (!certificate) return void socket.once('data', (next) => join(socket, next))
      encrypted += 1
      return join(new TLSSocket(socket, { isServer: true, ...certificate }), Buffer.alloc(0))
    })
  })
  function join(near: Duplex, first: Buffer) {
    const far = connect(socketPath)
    const pair = [near, far] as const
    pairs.add(pair)
    far.write(first)
    near.pipe(far).pipe(near)
    for (const side of pair) {
      side.on('error', () => {})
      side.on('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const pair of pairs) for (const side of pair) side.destroy()
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    get encrypted() {
      return encrypted
    },
    silence() {
      silent = true
      for (const [near, far] of pairs) near.unpipe(far).resume() && far.unpipe(near)
    },
    speak() {
      silent = false
      cut()
    },
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
