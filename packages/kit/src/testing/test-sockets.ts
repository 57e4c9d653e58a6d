import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FormattedExecutionResult } from 'graphql'
import { type Client, type ClientOptions, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Asking } from '../caller.js'
import type { RunningSubgraph } from '../define-subgraph.js'
import { newId } from '../ids.js'
import { silentLog } from '../log.js'
import { type Admission, attachSockets, type SocketLimits, type Sockets } from '../subgraph-sockets.js'
import { askingAsNobody } from './callers.js'

/** A subscription of a test: what it has brought so far. */
export interface Following<Data> {
  readonly answers: readonly (Omit<FormattedExecutionResult, 'data'> & { readonly data?: Data | null })[]
  /** Resolves when it completes; rejects with what closed the socket, or with the errors of a refused operation. */
  readonly done: Promise<void>
  /** Says complete, and waits until that is so. */
  stop(): Promise<void>
}

export interface TestSockets extends AsyncDisposable {
  readonly url: string
  readonly sockets: Sockets
  /** What a socket's payload proves, by its `proof`. Those of `client` are here as well. */
  readonly proofs: Map<unknown, Admission>
  /** A graphql-ws client that asks as somebody, with a socket of its own while it subscribes to anything. */
  client(asking?: Asking, options?: Partial<ClientOptions>): Client
  /** Subscribes over a client, or one of its own for who asks. */
  follow<Data = Record<string, never>>(query: string, variables?: Readonly<Record<string, unknown>>, as?: Client | Asking): Following<Data>
  close(): Promise<void>
}

/** A subgraph's own endpoint for subscriptions on a free port, for tests with real clients. */
export async function openTestSockets(
  subgraph: Pick<RunningSubgraph, 'schema' | 'subscribe'>,
  { limits = {} }: { readonly limits?: Partial<SocketLimits> } = {},
): Promise<TestSockets> {
  const proofs = new Map<unknown, Admission>()
  const server = createServer()
  const authenticate = ({ proof }: Readonly<Record<string, unknown>>) => proofs.get(proof) ?? null
  const sockets = attachSockets({ server, path: '/graphql', subgraph, authenticate, limits, log: silentLog() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`
  const clients = new Set<Client>()

  const clientOf = (asking = askingAsNobody(), options: Partial<ClientOptions> = {}): Client => {
    const proof = newId()
    proofs.set(proof, { asking })
    const client = createClient({ url, webSocketImpl: WebSocket, connectionParams: { proof }, retryAttempts: 0, ...options })
    clients.add(client)
    return client
  }
  const close = async () => {
    await Promise.all([...clients].map((client) => client.dispose()))
    await sockets.close()
    await new Promise((resolve) => server.close(resolve))
  }
  return {
    url,
    sockets,
    proofs,
    client: clientOf,
    follow<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}, as?: Client | Asking) {
      const client = as && 'subscribe' in as ? as : clientOf(as)
      return followOver<Data>(client, query, variables)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function followOver<Data>(client: Client, query: string, variables: Readonly<Record<string, unknown>>): Following<Data> {
  const answers: FormattedExecutionResult[] = []
  let unsubscribe = () => {}
  const done = new Promise<void>((resolve, reject) => {
    unsubscribe = client.subscribe(
      { query, variables },
      { next: (answer) => answers.push(answer as FormattedExecutionResult), error: reject, complete: resolve },
    )
  })
  // Whoever waits for it hears of it; nobody has to.
  done.catch(() => {})
  const stop = () => {
    unsubscribe()
    return done
  }
  return { answers: answers as Following<Data>['answers'], done, stop }
}
