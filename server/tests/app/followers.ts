import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { createClient as createEventClient } from 'graphql-sse'
import { createClient as createSocketClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Data } from './test-app.js'

/** What a public client hears of a subscription. */
export interface Heard {
  readonly answers: Data[]
  /** Resolves when it is complete, with null, or with what it ended with otherwise. */
  readonly done: Promise<unknown>
  stop(): void
}

export type Transport = 'graphql-transport-ws' | 'graphql-sse' | 'graphql-sse over one connection' | 'multipart HTTP'

export const transports: readonly Transport[] = ['graphql-transport-ws', 'graphql-sse', 'graphql-sse over one connection', 'multipart HTTP']

export interface FollowOptions {
  readonly variables?: Record<string, unknown>
  readonly token?: string
}

/** Subscribes by the public client of a transport. */
export function follow(transport: Transport, url: string, query: string, { variables = {}, token }: FollowOptions = {}): Heard {
  const answers: Data[] = []
  let stop = () => {}
  const done = new Promise<unknown>((resolve) => {
    const sink = { next: (answer: Data) => answers.push(answer), error: resolve, complete: () => resolve(null) }
    stop = subscribe(transport, `${url}/graphql`, { query, variables }, token, sink)
  })
  return { answers, done: done.finally(stop), stop }
}

interface Sink {
  next(answer: Data): void
  error(reason: unknown): void
  complete(): void
}

interface Operation {
  readonly query: string
  readonly variables: Record<string, unknown>
}

function subscribe(transport: Transport, url: string, operation: Operation, token: string | undefined, sink: Sink): () => void {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  if (transport === 'graphql-transport-ws') {
    const connectionParams = token === undefined ? {} : { accessToken: token }
    const client = createSocketClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 })
    client.subscribe(operation, sink)
    return () => void client.dispose()
  }
  if (transport === 'multipart HTTP') {
    const client = new ApolloClient({ link: new HttpLink({ uri: url, headers }), cache: new InMemoryCache() })
    const { query, variables } = operation
    const subscription = client
      .subscribe({ query: gql(query), variables, errorPolicy: 'all' })
      .subscribe({ ...sink, next: ({ data, error }) => sink.next({ data, errors: (error as { errors?: unknown } | undefined)?.errors }) })
    return () => subscription.unsubscribe()
  }
  const singleConnection = transport === 'graphql-sse over one connection'
  const client = createEventClient<boolean>({ url, singleConnection, headers, retryAttempts: 0 })
  client.subscribe(operation, sink)
  return () => client.dispose()
}
