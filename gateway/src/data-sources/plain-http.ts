import { closePool } from '@ashlar/kit/stop-server'
import { Pool } from 'undici'
import type { Limits } from '../limits.js'
import { viewerOf } from '../sharing/viewer.js'
import type { SubgraphRequest } from '../subgraph.js'
import { readAnswerText } from './answer.js'
import { ACCEPT_ENCODING, exchange } from './exchange.js'
import { resilient } from './resilient.js'
import type { Source } from './source.js'
import { traceHeader } from './trace-header.js'
import { socketUrl, upstreamSockets } from './upstream-sockets.js'

export interface PlainHttpOptions extends Pick<Limits, 'fetchMs' | 'answerBytes'> {
  readonly url: URL
  /** Where its subscriptions are, over graphql-transport-ws; the same address unless given. */
  readonly subscriptionsUrl?: URL | undefined
}

const CONNECTIONS_MAX = 128
const CONNECT_MS = 2_000
/** Servers of Node close what is idle for 5 s; what is closed first is never sent into. */
const KEEP_ALIVE_MS = 4_000
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/graphql-response+json, application/json',
  'accept-encoding': ACCEPT_ENCODING,
}
const JSON_TYPE = /^application\/(?:graphql-response\+)?json\b/i

/** Any subgraph over HTTP, without statements; its errors are the client's. Closed by `close`. */
export function plainHttp({ url, subscriptionsUrl, fetchMs, answerBytes }: PlainHttpOptions): Source & { close(): Promise<void> } {
  const pool = new Pool(url.origin, {
    connections: CONNECTIONS_MAX,
    connect: { timeout: CONNECT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Each exchange has its own time.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const path = `${url.pathname}${url.search}`
  const limits = { limitMs: fetchMs, bytesMax: answerBytes }

  const source = resilient({
    abort: (reason) => void pool.destroy(reason),
    async ask(request, asking) {
      const asked = { path, headers: { ...asking.forwarded, ...HEADERS, ...traceHeader(asking) }, body: request.body ?? bodyOf(request) }
      const { status, headers: answered, text, bytes } = await exchange(pool, asked, limits)
      const type = answered['content-type']
      // Whatever the status says, an answer of GraphQL's own form is one (GraphQL over HTTP).
      if (!JSON_TYPE.test(String(type))) throw new Error(`answered with status ${status} and ${type ? `the type ${type}` : 'no type'}`)
      const read = readAnswerText(text, { open: true })
      asking.reply.hints?.answered(textOf(answered['cache-control']), textOf(answered.age))
      return { ...read, bytes }
    },
  })
  const { follow, close: closeSockets } = upstreamSockets({
    url: subscriptionsUrl ?? socketUrl(url),
    proof: ({ forwarded = {} }) => forwarded,
    headers: ({ forwarded = {} }) => forwarded,
    keyOf: (asking) => viewerOf(asking).key,
    open: true,
    messageBytesMax: answerBytes,
  })
  return {
    ...source,
    follow,
    async close() {
      closeSockets()
      await closePool(pool)
    },
  }
}

const textOf = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join(', ') : header)

const bodyOf = ({ query, operationName, variables }: SubgraphRequest): string =>
  JSON.stringify({ query, ...(operationName && { operationName }), variables })
