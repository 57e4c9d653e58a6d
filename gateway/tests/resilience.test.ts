import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { inProcess } from '../src/data-sources/in-process.js'
import { plainHttp } from '../src/data-sources/plain-http.js'
import type { Source } from '../src/data-sources/source.js'
import type { SubgraphResult } from '../src/subgraph.js'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { type TestSubgraph, testSubgraph } from './support/subgraphs.js'

const FETCH_MS = 1_000
/** What a busy machine may take beyond what a service may. */
const SLACK_MS = 4_000
const BYTES_MAX = 1024 * 1024
const JSON_TYPE = { 'content-type': 'application/json' }
const MEGABYTES_10 = JSON.stringify({ data: { bad: 1, pad: 'x'.repeat(10 * 1024 * 1024) } })

const good = testSubgraph({
  name: 'good',
  sdl: 'type Query { good: Int things: [Thing!] } type Thing @key(fields: "id") { id: ID! name: String }',
  resolvers: { Query: { good: () => 1, things: () => [1, 2, 3].map((id) => ({ id, name: `thing ${id}` })) } },
})
const bad = testSubgraph({
  name: 'bad',
  sdl: 'type Query { bad: Int } type Mutation { spoil: Int } type Thing @key(fields: "id") { id: ID! size: Int }',
  resolvers: {
    Query: { bad: () => 2 },
    Mutation: { spoil: () => 3 },
    Thing: { __resolveReference: (thing: object) => thing, size: () => 4 },
  },
})

/** How the bad service is asked just now. */
let source: Source
let running: Running
const closing: (() => unknown)[] = []
beforeAll(async () => {
  running = await startGateway({
    subgraphs: [good, { name: 'bad', sdl: bad.sdl, source: { abort: () => {}, ask: (...asked) => source.ask(...asked) } }],
    limits: { fetchMs: FETCH_MS },
  })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  bad.behave(undefined)
})

function over(url: string): void {
  const plain = plainHttp({ url: new URL(url), fetchMs: FETCH_MS, answerBytes: BYTES_MAX })
  source = plain
  closing.push(() => plain.close())
}

async function listening(server: Server | TcpServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** A service that does as told to each request. */
async function serving(respond: RequestListener): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => respond(request, response))
  })
  over(`http://127.0.0.1:${await listening(server)}/graphql`)
}
const saying = (text: string | Buffer, headers: Record<string, string> = JSON_TYPE, status = 200) =>
  serving((_, response) => response.writeHead(status, headers).end(text))

const half = (response: ServerResponse) => response.writeHead(200, { ...JSON_TYPE, 'content-length': '100' }).write('{"data":{"bad":')
async function drip(write: (text: string) => boolean, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    write(' ')
    await delay(20)
  }
}

const overHttp: [string, () => Promise<void>][] = [
  [
    'refuses',
    async () => {
      const server = createServer()
      const port = await listening(server)
      await closing.pop()?.()
      over(`http://127.0.0.1:${port}/graphql`)
    },
  ],
  ['hangs', () => serving(() => {})],
  ['hangs before it takes a request', async () => over(`http://127.0.0.1:${await listening(createTcpServer(() => {}))}/graphql`)],
  [
    'is slow',
    () => serving((_, response) => void delay(2 * FETCH_MS).then(() => response.writeHead(200, JSON_TYPE).end('{"data":{"bad":2}}'))),
  ],
  ['breaks the connection', () => serving(({ socket }) => socket.resetAndDestroy())],
  [
    'breaks the connection in the middle of an answer',
    () =>
      serving(({ socket }, response) => {
        half(response)
        setImmediate(() => socket.resetAndDestroy())
      }),
  ],
  [
    'ends the connection in the middle of an answer',
    () =>
      serving((_, response) => {
        half(response)
        setImmediate(() => response.destroy())
      }),
  ],
  ['answers half and falls silent', () => serving((_, response) => half(response))],
  ['answers HTML', () => saying('<html>502</html>', { 'content-type': 'text/html' })],
  ['answers HTML that it calls JSON', () => saying('<html>502</html>')],
  ['answers garbage', () => saying('{"data":{"bad":')],
  ['answers a list', () => saying('[]')],
  ['answers null', () => saying('null')],
  ['answers an object that is no answer', () => saying('{}')],
  ['answers other types than it said', () => saying('{"data":{"bad":{"a":1},"_entities":7}}')],
  ['answers bytes that are no text', () => saying(Buffer.from([0xff, 0xfe, 0, 1]))],
  ['answers 10 MB', () => saying(MEGABYTES_10)],
  ['answers 10 MB, packed', () => saying(gzipSync(MEGABYTES_10), { ...JSON_TYPE, 'content-encoding': 'gzip' })],
  ['answers in no encoding that there is', () => saying('{"data":{"bad":2}}', { ...JSON_TYPE, 'content-encoding': 'gzip' })],
  ['answers that it failed', () => saying('no', { 'content-type': 'text/plain' }, 500)],
  ['answers that there is no such thing', () => saying('{}', JSON_TYPE, 404)],
  ['answers nothing', () => serving((_, response) => response.writeHead(204).end())],
  ['sends elsewhere', () => serving((_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end())],
  [
    'drips for ever',
    () =>
      serving((_, response) => {
        response.writeHead(200, JSON_TYPE)
        void drip(
          (text) => response.write(text),
          () => response.destroyed,
        )
      }),
  ],
  [
    'drips headers for ever',
    async () => {
      const server = createTcpServer((socket) => {
        socket.write('HTTP/1.1 200 OK\r\nx-a: ')
        void drip(
          () => socket.write('x'),
          () => socket.destroyed,
        )
      })
      over(`http://127.0.0.1:${await listening(server)}/graphql`)
    },
  ],
  [
    'speaks no HTTP',
    async () => over(`http://127.0.0.1:${await listening(createTcpServer((socket) => void socket.write('220 mail\r\n')))}/graphql`),
  ],
  ['has a name that nobody knows', async () => over('http://nowhere.invalid/graphql')],
  ['speaks no TLS where it should', async () => over(`https://127.0.0.1:${await listening(createServer())}/graphql`)],
  [
    'shows a certificate that nobody vouches for',
    async () => {
      const { key, cert } = await ownCertificate()
      over(`https://127.0.0.1:${await listening(createTlsServer({ key, cert }, (_, response) => response.end()))}/graphql`)
    },
  ],
]

/** One that a service has made itself. */
async function ownCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')] as const
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=other.example.com',
      '-keyout',
      key,
      '-out',
      cert,
    ])
    if (made.status !== 0) throw new Error(`no certificate: ${made.error ?? made.stderr}`)
    return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const within = (behaviour: (() => Promise<SubgraphResult>) | undefined) => async () => {
  const service: TestSubgraph = bad
  service.behave(behaviour)
  source = inProcess(service, { fetchMs: FETCH_MS })
}
const inThisProcess: [string, () => Promise<void>][] = [
  ['hangs', within(() => new Promise<never>(() => {}))],
  ['fails', within(() => Promise.reject(new Error('gone')))],
  [
    'fails at once',
    within(() => {
      throw new Error('gone')
    }),
  ],
  ['fails with what is no error', within(() => Promise.reject('gone'))],
  ['is slow', within(() => delay(2 * FETCH_MS, { data: { bad: 2 } }))],
  ['answers nothing', within(async () => undefined as never)],
  ['answers an object that is no answer', within(async () => ({}))],
  ['answers other types than it said', within(async () => ({ data: { bad: { a: 1 }, _entities: 7 } }))],
]

/** Of what happened, how long it took. */
const tell = (what: string, begun: number) => process.stdout.write(`  ${what}: ${Math.round(performance.now() - begun)} ms\n`)

describe.each([
  ['over HTTP', overHttp],
  ['in this process', inThisProcess],
])('a service %s that fails costs its own fields and no more, in time, with one error', (where, failures) => {
  it.each(failures)('where it %s', async (what, fail) => {
    await fail()
    const begun = performance.now()
    const response = await running.ask('{ good bad }')
    tell(`a service ${where} that ${what}`, begun)
    expect(performance.now() - begun).toBeLessThan(FETCH_MS + SLACK_MS)
    expect(response.status).toBe(200)
    expect(response.json.data).toEqual({ good: 1, bad: null })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.[0]?.path).toEqual(['bad'])
    expect(response.text).not.toMatch(/127\.0\.0\.1|invalid|ECONN|gone|certificate/)
    expect(response.headers['cache-control']).toBe('private, no-store')
  })

  it.each(failures)('where it %s while others need it for what they have', async (_, fail) => {
    await fail()
    const begun = performance.now()
    const response = await running.ask('{ things { name size } good }')
    expect(performance.now() - begun).toBeLessThan(FETCH_MS + SLACK_MS)
    expect(response.json.data).toEqual({ good: 1, things: [1, 2, 3].map((id) => ({ name: `thing ${id}`, size: null })) })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })
})

describe('a service that answers in a way of its own, but answers', () => {
  it.each<[string, () => Promise<void>]>([
    ['a status of its own', () => saying('{"data":{"bad":2}}', JSON_TYPE, 500)],
    [
      'one byte after the other',
      () =>
        serving(async (_, response) => {
          response.writeHead(200, JSON_TYPE)
          for (const byte of '{"data":{"bad":2}}') response.write(byte)
          response.end()
        }),
    ],
    ['more fields than it was asked for', () => saying('{"data":{"bad":2,"more":3},"extra":true,"errors":[]}')],
  ])('is taken at its word: %s', async (_, answer) => {
    await answer()
    expect((await running.ask('{ good bad }')).json).toEqual({ data: { good: 1, bad: 2 } })
  })
})

describe('a service that breaks the connection', () => {
  it('is asked at most twice for what only reads, and once for what writes', async () => {
    let asked = 0
    await serving(({ socket }) => {
      asked += 1
      socket.resetAndDestroy()
    })
    await running.ask('{ bad }')
    expect(asked).toBe(2)
    const { json } = await running.ask('mutation { spoil }')
    expect(asked).toBe(3)
    expect(json.errors?.[0]?.extensions).toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE', outcome: 'UNKNOWN' })
  })
})

describe('a service that keeps failing', () => {
  it('is left alone for a while, and is used again as soon as that is over', async () => {
    let asked = 0
    let isBack = false
    await serving((_, response) => {
      asked += 1
      response.writeHead(isBack ? 200 : 503, JSON_TYPE).end(isBack ? '{"data":{"bad":2}}' : '{}')
    })
    for (let at = 0; at < 5; at += 1) await running.ask('{ bad }')
    expect(asked).toBe(5)
    const begun = performance.now()
    isBack = true
    const answers = await Promise.all(Array.from({ length: 20 }, () => running.ask('{ good bad }')))
    // Nobody has waited for it, and it has not been bothered.
    if (performance.now() - begun < 900) expect(asked).toBe(5)
    for (const { json } of answers) expect(json.data?.good).toBe(1)
    await until(async () => (await running.ask('{ bad }')).json.data?.bad === 2)
    tell('a service that is back is used again after', begun)
    expect(performance.now() - begun).toBeLessThan(1_000 + SLACK_MS)
    const all = await Promise.all(Array.from({ length: 20 }, () => running.ask('{ bad }')))
    expect(all.every(({ json }) => json.data?.bad === 2)).toBe(true)
  })
})
