import { once } from 'node:events'
import { request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import Fastify, { type FastifyInstance } from 'fastify'
import { serverTimes } from '../src/http/server-times.js'
import { codesOf, type Response, type Running, startGateway } from './support/running-gateway.js'
import { town } from './support/town.js'

const { all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all })
  await running.ask(GOOD)
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
  process.stderr.write(`${times.join('\n')}\n`)
})
afterEach(reset)

const GOOD = '{ posts { totalCount } }'
const JSON_TYPE = { 'content-type': 'application/json' }
/** In a crowd of tests everything takes its time; what is refused as it should be takes some milliseconds of this. */
const GENEROUS_MS = 15_000
const times: string[] = []

const post = (body: string | Buffer) => running.send({ method: 'POST', headers: JSON_TYPE, body })
const asked = (query: string, variables?: string) =>
  `{"query":${JSON.stringify(query)}${variables === undefined ? '' : `,"variables":${variables}`}}`
const count = (n: number, text: (n: number) => string, between = ' ') => Array.from({ length: n }, (_, at) => text(at)).join(between)

/** Sends something hostile; meanwhile another is answered as if nothing were. */
async function survive(what: string, send: () => Promise<Response>): Promise<Response> {
  const begun = performance.now()
  const hostile = send()
  const good = await running.ask(GOOD)
  const answer = await hostile
  const tookMs = performance.now() - begun
  times.push(`${tookMs.toFixed(0).padStart(6)} ms  ${what}`)
  expect(good.json).toEqual({ data: { posts: { totalCount: 3 } } })
  expect(tookMs).toBeLessThan(GENEROUS_MS)
  return answer
}

const TOO_COMPLEX = [400, 'TOO_COMPLEX'] as const
const INVALID = [400, 'GRAPHQL_VALIDATION_FAILED'] as const
const UNREADABLE = [400, 'GRAPHQL_PARSE_FAILED'] as const
const BAD_REQUEST = [400, 'BAD_REQUEST'] as const
const BAD_INPUT = [400, 'BAD_USER_INPUT'] as const
const FINE = [200, undefined] as const

const chain = (length: number, inner: (n: number) => string) => count(length, (n) => `fragment F${n} on Post { ${inner(n)} }`)

type Hostile = readonly [what: string, body: string | Buffer, outcome: readonly [number, string | undefined]]
const HOSTILE: readonly Hostile[] = [
  ['5,000 selections within each other', asked(`{ posts { nodes ${'{ older '.repeat(5_000)}{ id }${'}'.repeat(5_000)} } }`), TOO_COMPLEX],
  ['5,000 brackets that never close', asked(`{ posts(filter: ${'['.repeat(5_000)}`), TOO_COMPLEX],
  ['10,000 aliases', asked(`{ posts { ${count(10_000, (n) => `a${n}: totalCount`)} } }`), TOO_COMPLEX],
  ['3,000 aliases of __typename', asked(`{ posts { ${count(3_000, (n) => `a${n}: __typename`)} } }`), TOO_COMPLEX],
  ['9,000 times the same field', asked(`{ posts { ${'totalCount '.repeat(9_000)} } }`), TOO_COMPLEX],
  ['2,000 times the same object', asked(`{ posts { ${'nodes { id } '.repeat(2_000)} } }`), TOO_COMPLEX],
  ['200 times 10 times the same object', asked(`{ ${`posts { ${'nodes { id } '.repeat(10)} } `.repeat(200)} }`), TOO_COMPLEX],
  [
    'a cycle of fragments',
    asked('{ post(id: "a") { ...A } } fragment A on Post { older { ...B } } fragment B on Post { older { ...A } }'),
    INVALID,
  ],
  ['a cycle of 500 fragments', asked(`{ post(id: "a") { ...F0 } } ${chain(500, (n) => `older { ...F${(n + 1) % 500} }`)}`), INVALID],
  [
    'fragments that double 30 times',
    asked(`{ post(id: "a") { ...F0 } } ${chain(30, (n) => (n === 29 ? 'id' : `a: older { ...F${n + 1} } b: older { ...F${n + 1} }`))}`),
    TOO_COMPLEX,
  ],
  [
    'fragments that overlap 400 times',
    asked(`{ post(id: "a") { ${count(400, (n) => `...F${n}`)} } } ${chain(400, () => 'older { id }')}`),
    TOO_COMPLEX,
  ],
  ['a thousand fragments', asked(`{ __typename } ${chain(1_000, () => 'id')}`), TOO_COMPLEX],
  ['a thousand operations', asked(count(1_000, (n) => `query Q${n} { __typename }`)), TOO_COMPLEX],
  ['10,000 variables', asked(`query (${count(10_000, (n) => `$v${n}: Int`)}) { __typename }`), TOO_COMPLEX],
  ['2,000 variables', asked(`query (${count(2_000, (n) => `$v${n}: Int`)}) { __typename }`), TOO_COMPLEX],
  ['10,000 variables that nobody declared', asked(GOOD, `{${count(10_000, (n) => `"v${n}":1`, ',')}}`), TOO_COMPLEX],
  [
    'a list of a million in a variable',
    asked('query ($f: PostFilter) { posts(filter: $f) { totalCount } }', `{"f":{"tags":[${'"",'.repeat(999_999)}""]}}`),
    TOO_COMPLEX,
  ],
  ['variables 50,000 deep', asked(GOOD, `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), BAD_INPUT],
  ['10,000 directives on a field', asked(`{ posts ${'@include(if: true) '.repeat(10_000)} { totalCount } }`), TOO_COMPLEX],
  ['1,500 directives on a field', asked(`{ posts ${'@include(if: true) '.repeat(1_500)} { totalCount } }`), TOO_COMPLEX],
  ['5,000 unknown directives', asked(`{ posts ${'@x '.repeat(4_900)} { totalCount } }`), TOO_COMPLEX],
  ['9,000 values that can not be', asked(`{ posts(filter: { tags: [${'5 '.repeat(9_000)}] }) { totalCount } }`), BAD_INPUT],
  ['3,000 unknown fields', asked(`{ ${count(3_000, (n) => `nothing${n}`)} }`), INVALID],
  ['3,000 unknown arguments', asked(`{ posts(${count(3_000, (n) => `a${n}: 1`)}) { totalCount } }`), INVALID],
  ['the schema, types within types', asked(`{ __schema { types ${'{ fields { type '.repeat(20)}{ name }${'} }'.repeat(20)} } }`), INVALID],
  ['the schema, 400 times', asked(`{ __schema { ${count(400, (n) => `t${n}: types { fields { args { name } } }`)} } }`), TOO_COMPLEX],
  ['a name of 2 MB', asked(`query ${'x'.repeat(2_000_000)} { __typename }`), FINE],
  [
    'the name of an operation of 2 MB',
    `{"query":"{ __typename }","operationName":"${'x'.repeat(2_000_000)}"}`,
    [400, 'OPERATION_RESOLUTION_FAILURE'],
  ],
  ['an unknown name of 2 MB', asked(`{ ${'x'.repeat(2_000_000)} }`), INVALID],
  ['a number of a million digits', asked(`{ posts(first: ${'9'.repeat(1_000_000)}) { totalCount } }`), BAD_INPUT],
  [
    'a number of a million digits in a variable',
    asked('query ($n: Int!) { posts(first: $n) { totalCount } }', `{"n":${'9'.repeat(1_000_000)}}`),
    BAD_INPUT,
  ],
  ['a number beyond all numbers', asked('query ($n: Int!) { posts(first: $n) { totalCount } }', '{"n":1e999}'), BAD_INPUT],
  ['half a character in the text', asked('{ posts(filter: { tags: ["\ud800"] }) { totalCount } }'), UNREADABLE],
  ['half a character escaped in the text', asked('{ posts(filter: { tags: ["\\ud800"] }) { totalCount } }'), UNREADABLE],
  [
    'half a character in a variable',
    asked('query ($f: PostFilter) { posts(filter: $f) { totalCount } }', '{"f":{"tags":["\\ud800"]}}'),
    FINE,
  ],
  ['keys called __proto__', '{"query":"{ __typename }","__proto__":{"query":1},"variables":{"__proto__":{"x":1}}}', FINE],
  ['keys that come twice', '{"query":"{ nothing }","query":"{ __typename }"}', FINE],
  ['a byte order mark', `\ufeff${asked(GOOD)}`, FINE],
  ['two byte order marks', `\ufeff\ufeff${asked(GOOD)}`, BAD_REQUEST],
  ['3 MB of blanks', asked(`{ __typename }${' '.repeat(3_000_000)}`), FINE],
  ['a million comments', asked(`{ __typename }${'#\n'.repeat(1_000_000)}`), TOO_COMPLEX],
  ['a million lines', asked(`{ posts(filter: { tags: ["""${'x\r'.repeat(1_000_000)}"""] }) { totalCount } }`), TOO_COMPLEX],
  ['5,000 comments', asked(`{ __typename }${'# what for\n'.repeat(5_000)}`), FINE],
  ['3 MB of commas', asked(`{ __typename }${','.repeat(3_000_000)}`), FINE],
  ['3 MB that is no GraphQL', asked('}'.repeat(3_000_000)), TOO_COMPLEX],
  ['3 MB of a string', asked(`{ posts(filter: { tags: ["${'x'.repeat(3_000_000)}"] }) { totalCount } }`), FINE],
  ['3 MB of a string that never ends', asked(`{ posts(filter: { tags: ["${'x'.repeat(3_000_000)}`), UNREADABLE],
  ['bytes', Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 7_919) % 256)), BAD_REQUEST],
  ['a list of a thousand operations', `[${count(1_000, () => asked(GOOD), ',')}]`, TOO_COMPLEX],
  ['a list of lists', `[[${asked(GOOD)}]]`, BAD_REQUEST],
]

describe('a request', () => {
  it.each(HOSTILE)('of %s is dealt with at once', async (what, body, [status, code]) => {
    const answer = await survive(what, () => post(body))
    const first = Array.isArray(answer.json) ? { ...answer, json: answer.json[0] } : answer
    expect({ status: answer.status, code: codesOf(first)[0] }).toEqual({ status, code })
    expect(answer.text.length).toBeLessThan(100_000)
  })

  it('of 100 MB is dealt with before it has come', async () => {
    await survive('100 MB of a body', () => sendMuch(100 * 1024 * 1024))
  })

  it('leaves nothing behind', async () => {
    const round = async () => {
      for (const [, body] of HOSTILE) await post(body)
      reset()
    }
    await round()
    const before = heapUsed()
    await round()
    await round()
    const grownMb = (heapUsed() - before) / 1024 / 1024
    times.push(`${grownMb.toFixed(1).padStart(6)} MB  more after two more rounds of it all`)
    expect(grownMb).toBeLessThan(16)
  }, 120_000)
})

describe('connections', () => {
  let slow: FastifyInstance
  let port: number
  beforeAll(async () => {
    slow = Fastify({ ...serverTimes({ requestMs: 500 }), forceCloseConnections: true })
    await slow.register(running.gateway.routes)
    await slow.listen({ port: 0, host: '127.0.0.1' })
    port = (slow.server.address() as AddressInfo).port
  })
  afterAll(() => slow.close())

  it.each([
    ['a head that never ends', 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    [
      'a body that never ends',
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    ],
    ['nothing at all', ''],
  ])('that bring %s are closed in time, three hundred of them', async (what, head) => {
    const begun = performance.now()
    const sockets = await Promise.all(Array.from({ length: 300 }, () => dripping(port, head)))
    expect((await running.ask(GOOD)).json).toEqual({ data: { posts: { totalCount: 3 } } })
    await until(() => sockets.every(({ destroyed }) => destroyed), 20_000)
    times.push(`${(performance.now() - begun).toFixed(0).padStart(6)} ms  ${what}, with 500 ms for a request`)
  })
})

/** Goes on sending until it is told that it is enough. */
function sendMuch(bytes: number): Promise<Response> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      port: running.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/graphql',
      headers: { ...JSON_TYPE, 'content-length': bytes },
    })
    const chunk = Buffer.alloc(65_536, 'x')
    let sent = 0
    const more = () => {
      while (sent < bytes && !outgoing.destroyed) {
        sent += chunk.length
        if (!outgoing.write(chunk)) return void outgoing.once('drain', more)
      }
    }
    outgoing.once('response', (incoming) => {
      expect(incoming.statusCode).toBe(413)
      expect(sent).toBeLessThan(bytes)
      outgoing.destroy()
      resolve({ status: 413, headers: {}, text: '', json: {} })
    })
    outgoing.once('error', reject)
    more()
  })
}

/** A connection on which hardly anything comes. */
async function dripping(port: number, head: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  if (head) socket.write(head)
  const drip = setInterval(() => (socket.writable && head ? socket.write('x') : undefined), 100)
  socket.once('close', () => clearInterval(drip))
  return socket
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
