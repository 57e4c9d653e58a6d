import { connect, createServer, type Socket } from 'node:net'

/** A line to a server over which requests go through and no answer comes back. */
export interface LossyLine extends AsyncDisposable {
  readonly url: string
  /** How much of answers has been held back. */
  heldBytes(): number
  /** Ends all connections, as a network does. */
  cut(): void
}

export async function lossyLine(port: number): Promise<LossyLine> {
  const sockets = new Set<Socket>()
  let held = 0
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      held += bytes.length
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: own } = server.address() as { port: number }
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${own}`,
    heldBytes: () => held,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
