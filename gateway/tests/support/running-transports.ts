import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApolloServer } from '@apollo/server'
import type { Identity } from '@ashlar/kit/caller'
import { subgraphUnavailable, unauthenticated } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import { silentLog } from '@ashlar/kit/log'
import { sessionCookie } from '@ashlar/kit/session-cookie'
import type { Standing, Standings } from '@ashlar/kit/standing'
import { until } from '@ashlar/kit/testing/until'
import Fastify from 'fastify'
import { WebSocket } from 'ws'
import type { GatewayContext } from '../../src/context.js'
import { graphqlRoutes } from '../../src/http/graphql-routes.js'
import { origins } from '../../src/http/origins.js'
import { defaultLimits, type Limits } from '../../src/limits.js'
import { SharedAnswers } from '../../src/sharing/shared-answers.js'
import { Telemetry } from '../../src/telemetry/telemetry.js'
import { createTransports, type Transports } from '../../src/transports/transports.js'
import { GraphQLStreams } from './graphql-streams.js'
import { greetingsSchema, News } from './greetings.js'

/** Credentials that a test can end, by their tokens. */
export class TestStandings implements Standings {
  readonly tokens = new Map<string, { identity: Identity; expiresAt: number; ended: boolean }>()
  private readonly listeners = new Set<() => void>()
  current = true

  /** A token of somebody's: of this user, or of one whom nobody else is. */
  token({ userId = newId(), scopes = ['own'], expiresInMs = 600_000 }: { userId?: string; scopes?: string[]; expiresInMs?: number } = {}) {
    const token = `token-${newId()}`
    const identity: Identity = { userId, role: 'USER', credential: 'session', credentialId: newId(), scopes, authenticatedAt: null }
    this.tokens.set(token, { identity, expiresAt: performance.now() + expiresInMs, ended: false })
    return { token, userId }
  }

  end(token: string): void {
    const known = this.tokens.get(token)
    if (known) known.ended = true
    for (const listener of this.listeners) listener()
  }

  async of(authorization: string): Promise<Standing> {
    if (authorization === 'Bearer away') throw subgraphUnavailable()
    const known = this.tokens.get(authorization.replace('Bearer ', ''))
    if (!known || known.expiresAt < performance.now()) throw unauthenticated({ message: 'This token is not valid.' })
    return { remaining: () => (known.ended ? null : known.identity), expiresInMs: () => known.expiresAt - performance.now() }
  }

  async fresh(): Promise<void> {}

  onEnded(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  authenticate = async (authorization: string | undefined): Promise<Identity | null> =>
    authorization === undefined ? null : (await this.of(authorization)).remaining()
}

export const LISTED = 'https://app.example'

/** All transports on a free port, over streams by graphql-js. */
export interface RunningTransports {
  readonly port: number
  readonly url: string
  readonly socketUrl: string
  readonly transports: Transports
  readonly streams: GraphQLStreams
  readonly news: News
  readonly standings: TestStandings
  /** Waits until nothing is left of anybody. */
  empty(): Promise<void>
  close(): Promise<void>
}

export async function startTransports(
  given: Partial<Limits> = {},
  options: { forwardedHeaders?: string[] } = {},
): Promise<RunningTransports> {
  const log = silentLog()
  const limits = { ...defaultLimits, ...given }
  const publicUrl = new URL('http://localhost:4000')
  const news = new News()
  const schema = greetingsSchema(news)
  const streams = new GraphQLStreams(schema, new Set(['news']))
  const standings = new TestStandings()
  const apollo = new ApolloServer<GatewayContext>({ schema })
  await apollo.start()
  const asking = {
    authenticate: standings.authenticate,
    cookieOf: (origin: string | null) => sessionCookie(publicUrl, origin),
    services: () => new Set(['greetings']),
    log,
    ...options,
  }
  const from = origins({ publicUrl, host: '0.0.0.0', allowedOrigins: () => new Set([LISTED]) })
  const transports = createTransports({ streams, limits, asking, standings, isCurrent: () => standings.current, origins: from })
  const rest = { shared: new SharedAnswers({}), trusted: null, version: () => 1, telemetry: new Telemetry({ log }) }
  const fastify = Fastify({ forceCloseConnections: true, trustProxy: '127.0.0.1' })
  await fastify.register(
    graphqlRoutes({
      present: (error) => error.toJSON(),
      ...asking,
      ...rest,
      apollo,
      limits,
      origins: from,
      publicUrl,
      transports,
    }),
  )
  await fastify.listen({ port: 0, host: '127.0.0.1' })
  const { port } = fastify.server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/graphql`,
    socketUrl: `ws://127.0.0.1:${port}/graphql`,
    transports,
    streams,
    news,
    standings,
    async empty() {
      await until(() => {
        const { tooSlow, ...counts } = transports.counts()
        return streams.openCount === 0 && Object.values(counts).every((count) => count === 0)
      })
    },
    async close() {
      await fastify.close()
      await apollo.stop()
    },
  }
}

export interface RawSocket {
  readonly socket: WebSocket
  readonly received: { readonly type: string; readonly id?: string; readonly payload?: unknown }[]
  /** What it was closed with. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  send(message: object): void
}

/** A socket without a client's manners. */
export async function rawSocket(url: string, options: { protocols?: string[]; headers?: Record<string, string> } = {}): Promise<RawSocket> {
  const { protocols = ['graphql-transport-ws'], headers = {} } = options
  const socket = new WebSocket(url, protocols, { headers })
  const received: RawSocket['received'] = []
  socket.on('message', (text) => received.push(JSON.parse(String(text))))
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('error', () => {})
  return { socket, received, closed, send: (message) => socket.send(JSON.stringify(message)) }
}

/** One that has been acknowledged. */
export async function admittedSocket(url: string, payload?: object): Promise<RawSocket> {
  const raw = await rawSocket(url)
  raw.send({ type: 'connection_init', ...(payload && { payload }) })
  await until(() => raw.received.some(({ type }) => type === 'connection_ack'))
  return raw
}

/** The answer to an upgrade that gets none. */
export const upgrade = (port: number, path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'sec-websocket-protocol': 'graphql-transport-ws',
        ...headers,
      },
    })
    outgoing.once('error', reject)
    outgoing.once('upgrade', (_, socket) => {
      socket.destroy()
      resolve({ status: 101, text: '' })
    })
    outgoing.once('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, text }))
    })
    outgoing.end()
  })
