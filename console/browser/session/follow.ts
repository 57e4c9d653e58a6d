import { createClient, type ExecutionResult, MessageType } from 'graphql-ws'
import type { Operation } from './graph.js'
import { session } from './use-session.js'

type Headers = Readonly<Record<string, string>>

/**
 * Follows a subscription over a socket of its own, as whoever is signed in; an `Authorization` among the headers stays as it is. A newer
 * token is brought along before the one before it expires, and what breaks is taken up again. The socket closes with the last answer, or
 * once whoever asked has enough.
 */
export function follow({ query, variables, operationName }: Operation, headers: Headers = {}): AsyncIterableIterator<ExecutionResult> {
  const address = new URL('/graphql', location.href)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  const given = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const authorization = given.get('authorization')
  let shown: string | null = null
  let unsubscribe = () => {}

  const client = createClient({
    url: address.href,
    async connectionParams() {
      if (authorization === undefined) shown = await session.token()
      const scopes = given.get('ashlar-scopes')
      return {
        ...(authorization !== undefined ? { authorization } : shown !== null && { accessToken: shown }),
        ...(scopes !== undefined && { scopes }),
      }
    },
    on: {
      connected(socket) {
        unsubscribe = session.subscribe(() => void renew(socket as WebSocket))
      },
      closed: () => unsubscribe(),
    },
  })

  async function renew(socket: WebSocket): Promise<void> {
    if (authorization !== undefined || session.state().phase === 'restoring') return
    const token = await session.token()
    if (token === shown || socket.readyState !== socket.OPEN) return
    // Who has signed out is nobody from here on; who has signed in comes back as themselves.
    if (token === null || shown === null) return client.terminate()
    shown = token
    socket.send(JSON.stringify({ type: MessageType.Ping, payload: { accessToken: token } }))
  }

  return client.iterate({
    query,
    variables: (variables as Record<string, unknown> | undefined) ?? null,
    operationName: operationName ?? null,
  }) as AsyncIterableIterator<ExecutionResult>
}
