import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nobody } from '@ashlar/kit/caller'
import { silentLog } from '@ashlar/kit/log'
import { type Admission, attachSockets, type Sockets } from '@ashlar/kit/subgraph-sockets'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, describe, expect, it } from '@jest/globals'
import { useServer } from 'graphql-ws/use/ws'
import { type WebSocket, WebSocketServer } from 'ws'
import { plainHttp } from '../src/data-sources/plain-http.js'
import type { Source } from '../src/data-sources/source.js'
import { upstreamSockets } from '../src/data-sources/upstream-sockets.js'
import { isRefusal, type Listener, type Stream } from '../src/streams/stream.js'
import type { GatewaySubgraph } from '../src/subgraph.js'
import { hearing, listenerOf, type Newsroom, newsroom } from './support/newsroom.js'
import { IDENTITY, startGateway } from './support/running-gateway.js'

const OWN = 'subscription ($after: String) { own(after: $after) { title author { name } } }'
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Service {
  readonly port: number
  readonly sockets: Sockets
  readonly server: Server
  /** What came in `connection_init`, and in each ping. */
  readonly proofs: unknown[]
}

/** The newsroom as a process of its own: its sockets believe whoever they are told. */
async function serve(room: Newsroom, { port = 0, expiresInMs }: { port?: number; expiresInMs?: number } = {}): Promise<Service> {
  const server = createServer()
  const proofs: unknown[] = []
  const authenticate = ({ asking }: Readonly<Record<string, unknown>>): Admission => {
    proofs.push(asking)
    return { asking: { ...nobody(), ...(asking as object) }, ...(expiresInMs !== undefined && { expiresInMs }) }
  }
  const { schema } = room.news
  const subgraph = { schema, subscribe: tellingStart(room) } as unknown as Parameters<typeof attachSockets>[0]['subgraph']
  const sockets = attachSockets({ server, path: '/graphql', subgraph, authenticate, log: silentLog() })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  closing.push(() => stop({ server, sockets }))
  return { port: (server.address() as AddressInfo).port, sockets, server, proofs }
}

/** As a service of the kit does it: told by which variable, it says first where it begins. */
const tellingStart =
  (room: Newsroom): NonNullable<GatewaySubgraph['subscribe']> =>
  async (request, asking, signal) => {
    const { startingBy, variables } = request
    const { cursor } = room
    const starts = startingBy && (variables[startingBy] ?? null) === null
    const asked = starts ? { ...request, variables: { ...variables, [startingBy]: cursor } } : request
    const answers = await room.news.subscribe?.(asked, asking, signal)
    if (!answers || !(Symbol.asyncIterator in answers)) throw new Error('refused')
    return (async function* () {
      if (starts) yield { extensions: { startingCursor: cursor } }
      yield* answers
    })()
  }

async function stop({ server, sockets }: Pick<Service, 'server' | 'sockets'>) {
  await sockets.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

async function gatewayOver(room: Newsroom, follow: NonNullable<Source['follow']>) {
  const source: Source = { ask: async () => ({ data: {}, errors: [] }), follow }
  const running = await startGateway({ subgraphs: [{ name: 'news', sdl: room.news.sdl, source }, room.people] })
  closing.push(() => running[Symbol.asyncDispose]())
  return async (query: string, listener: Listener = listenerOf(IDENTITY), variables = {}) => {
    const heard = hearing()
    const opened = await running.gateway.streams.open({ query, operationName: null, variables, extensions: {} }, listener, heard.sink)
    if (isRefusal(opened)) throw new Error(`refused: ${JSON.stringify(opened.errors)}`)
    return Object.assign(heard, { stop: () => (opened as Stream).stop() })
  }
}

function statedSockets(port: number, renewEveryMs?: number) {
  const upstream = upstreamSockets({
    url: new URL(`ws://127.0.0.1:${port}/graphql`),
    proof: ({ identity }) => ({ asking: { identity } }),
    keyOf: ({ identity }) => identity?.userId ?? '',
    messageBytesMax: 1_000_000,
    tellsStart: true,
    ...(renewEveryMs !== undefined && { renewEveryMs }),
  })
  closing.push(() => upstream.close())
  return upstream.follow
}

const titles = ({ answers }: { readonly answers: readonly { data: { own: { title: string } | null } | null }[] }) =>
  answers.map(({ data }) => data?.own?.title ?? null)

describe('subscriptions at a service that is a process of its own', () => {
  it('bring its events, as whoever asks, over one socket a person', async () => {
    const room = newsroom()
    const service = await serve(room)
    const follow = await gatewayOver(room, statedSockets(service.port))
    const mine = [await follow(OWN), await follow(OWN)]
    const theirs = await follow(OWN, listenerOf({ ...IDENTITY, userId: '01900000-0000-7000-8000-000000000077' }))
    await until(() => room.following === 3)
    room.publish()
    await until(() => [...mine, theirs].every(({ answers }) => answers.length === 1))
    expect(mine[0]?.answers).toEqual([{ data: { own: { title: 'news 1', author: { name: 'person 1' } } } }])
    expect(room.openings.map(({ asking }) => asking.identity?.userId)).toEqual([
      IDENTITY.userId,
      IDENTITY.userId,
      expect.stringContaining('77'),
    ])
    expect([service.sockets.count, service.sockets.subscriptionCount]).toEqual([2, 3])
    for (const each of [...mine, theirs]) each.stop()
    await until(() => room.following === 0 && service.sockets.count === 0)
  })

  it('go on behind the last event when it dies and comes back: no gap, no repeat, and nothing is complete', async () => {
    const room = newsroom()
    let service = await serve(room)
    const follow = await gatewayOver(room, statedSockets(service.port))
    const heard = await follow(OWN)
    await until(() => room.following === 1)
    for (let round = 0; round < 3; round += 1) {
      room.publish()
      await until(() => heard.answers.length === 2 * round + 1)
      await stop(service)
      room.publish()
      service = await serve(room, { port: service.port })
      await until(() => heard.answers.length === 2 * round + 2)
    }
    expect(titles(heard)).toEqual(['news 1', 'news 2', 'news 3', 'news 4', 'news 5', 'news 6'])
    expect(heard.ended).toBeNull()
  })

  it('miss nothing of what happens before their first event, though it dies and nobody has given a cursor', async () => {
    const room = newsroom()
    room.publish('before')
    const service = await serve(room)
    const follow = await gatewayOver(room, statedSockets(service.port))
    const heard = await follow(OWN)
    await until(() => room.following === 1)
    await stop(service)
    room.publish('meanwhile')
    await serve(room, { port: service.port })
    await until(() => heard.answers.length === 1)
    expect(titles(heard)).toEqual(['meanwhile'])
  })

  it('prove anew who asks before what was proved runs out', async () => {
    const room = newsroom()
    const service = await serve(room, { expiresInMs: 1_000 })
    const follow = await gatewayOver(room, statedSockets(service.port, 100))
    const heard = await follow(OWN)
    await until(() => service.proofs.length > 15)
    expect(service.sockets.count).toBe(1)
    room.publish()
    await until(() => heard.answers.length === 1)
    expect(room.openings).toHaveLength(1)
  })

  it('are SUBGRAPH_UNAVAILABLE where it can not be reached, and complete', async () => {
    const room = newsroom()
    const { port, ...service } = await serve(room)
    await stop(service)
    const follow = await gatewayOver(room, statedSockets(port))
    const heard = await follow(OWN)
    await until(() => heard.ended !== null)
    expect(heard.answers).toEqual([
      { data: null, errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE' }) })] },
    ])
    expect(heard.ended).toBe('complete')
  })

  it('say once what the service refuses', async () => {
    const room = newsroom()
    const { port } = await serve(room)
    const follow = await gatewayOver(room, statedSockets(port))
    const heard = await follow(OWN, listenerOf(IDENTITY), { after: 'stale' })
    await until(() => heard.ended !== null)
    expect(heard.answers).toMatchObject([{ data: null, errors: [{ extensions: { code: 'STALE_CURSOR' } }] }])
  })
})

describe('subscriptions at any subgraph with graphql-ws', () => {
  it('are followed with the headers that are forwarded, and taken up again when it closes in order', async () => {
    const room = newsroom()
    const server = createServer()
    const sockets = new WebSocketServer({ server, path: '/graphql' })
    const heardHeaders: IncomingHttpHeaders[] = []
    const inits: unknown[] = []
    sockets.on('connection', (_, request) => heardHeaders.push(request.headers))
    const { schema } = room.news
    useServer<Record<string, unknown>, { signal: AbortSignal; socket: WebSocket }>(
      {
        schema,
        onConnect: ({ connectionParams }) => void inits.push(connectionParams),
        context: () => ({ ...nobody(), askingNow: () => nobody(), signal: new AbortController().signal }),
      },
      sockets,
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(async () => {
      for (const socket of sockets.clients) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    })
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
    const source = plainHttp({ url, fetchMs: 1_000, answerBytes: 1_000_000 })
    closing.push(() => source.close())
    const follow = await gatewayOver(room, source.follow as NonNullable<Source['follow']>)
    const forwarded = { authorization: 'Bearer theirs' }
    const heard = await follow(OWN, { refused: null, asking: () => ({ ...nobody(), identity: IDENTITY, forwarded }) })
    await until(() => room.following === 1)
    expect(heardHeaders[0]?.authorization).toBe('Bearer theirs')
    expect(inits).toEqual([forwarded])
    room.publish()
    await until(() => heard.answers.length === 1)
    for (const socket of sockets.clients) socket.close(1000, 'in order')
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(titles(heard)).toEqual(['news 1', 'news 2'])
    expect(heard.ended).toBeNull()
    heard.stop()
  })
})
