import { request } from 'node:http'
import { silentLog } from '@ashlar/kit/log'
import { Metrics } from '@ashlar/kit/metrics'
import { readExposition } from '@ashlar/kit/testing/exposition'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { gate } from './support/gate.js'
import { AS_USER, EXPIRED, IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { postId, postsSubgraph, usersSubgraph } from './support/town.js'

const MAY_LOOK = { authorization: 'Bearer may look' }
const metrics = new Metrics(silentLog())
const posts = postsSubgraph()

let running: Running
beforeAll(async () => {
  running = await startGateway({
    subgraphs: [usersSubgraph(), posts],
    measures: metrics.of('gateway'),
    authenticate: async (authorization) =>
      authorization === undefined
        ? null
        : { ...IDENTITY, scopes: authorization === MAY_LOOK.authorization ? ['own', 'services:read'] : ['own'] },
  })
})
beforeEach(() => {
  running.operations.length = 0
  posts.behave(undefined)
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

/** The lines of the next operations, which are written once their answers are sent. */
async function lines(count = 1) {
  await until(() => running.operations.length >= count)
  return running.operations
}

describe('the line of an operation', () => {
  it('says what it was, how it went, and how it can be found', async () => {
    const { headers, text } = await running.ask('query Titles { posts { nodes { title } } }')
    expect(await lines()).toMatchObject([
      {
        level: 30,
        operation: 'Titles',
        type: 'query',
        hash: expect.stringMatching(/^[0-9a-f]{16}$/),
        status: 200,
        ms: expect.any(Number),
        bytes: Buffer.byteLength(text),
        requestId: headers['x-request-id'],
      },
    ])
  })

  it('knows operations by what they are, whatever their literals', async () => {
    for (const query of [
      '{ posts(first: 1) { totalCount } }',
      '{  posts(first: 22) {totalCount} } # so',
      '{ posts(first: 1) { nodes { id } } }',
    ])
      await running.ask(query)
    const [one, same, other] = (await lines(3)).map(({ hash }) => hash)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
  })

  it('is one of warning where we are at fault, and has the ids of what was masked', async () => {
    posts.behave(async () => ({ errors: [{ message: 'of the inside', extensions: {} }] }))
    const { json } = await running.ask('{ posts { totalCount } }')
    expect(await lines()).toMatchObject([
      { level: 40, codes: ['INTERNAL_SERVER_ERROR'], errorIds: [json.errors?.[0]?.extensions?.errorId] },
    ])
  })

  it('says no more of what was refused than why', async () => {
    await running.ask('query Secret { nothing }')
    await running.ask('query Secret {')
    const [invalid, unread] = await lines(2)
    expect(invalid).toMatchObject({ level: 30, operation: null, type: null, hash: null, status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] })
    expect(unread).toMatchObject({ operation: null, codes: ['GRAPHQL_PARSE_FAILED'] })
  })

  it('says no more of a name than its beginning, however long it is', async () => {
    await running.ask(`query ${'A'.repeat(5_000)} { posts { totalCount } }`)
    expect(await lines()).toMatchObject([{ operation: 'A'.repeat(100) }])
  })

  it.each([
    ['has left before its answer is there', '{ posts { totalCount } }'],
    ['has left, for each operation of a batch', ['{ posts { totalCount } }', '{ posts { nodes { id } } }']],
  ])('is there also for a client that %s', async (_, queries) => {
    const held = gate()
    const asked = gate()
    posts.behave(async () => {
      asked.open()
      await held.opened
      return { data: { posts: { totalCount: 0, nodes: [] } } }
    })
    const closed = new Promise<void>((resolve) => {
      running.fastify.server.once('request', (_, response) => response.once('close', resolve))
    })
    const headers = { 'content-type': 'application/json' }
    const outgoing = request({ host: '127.0.0.1', port: running.port, method: 'POST', path: '/graphql', headers })
    outgoing.once('error', () => {})
    outgoing.end(JSON.stringify(Array.isArray(queries) ? queries.map((query) => ({ query })) : { query: queries }))
    await asked.opened
    outgoing.destroy()
    await closed
    held.open()
    const expected = [queries].flat().map(() => ({ type: 'query', status: 499, bytes: 0 }))
    expect(await lines(expected.length)).toMatchObject(expected)
    await running.ask('{ whoAmI }')
    expect(await lines(expected.length + 1)).toHaveLength(expected.length + 1)
  })

  it('is one for each operation of a batch', async () => {
    const body = JSON.stringify([{ query: 'query One { posts { totalCount } }' }, { query: 'query Two { posts { totalCount } }' }])
    await running.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect((await lines(2)).map(({ operation }) => operation).sort()).toEqual(['One', 'Two'])
  })
})

describe('the id of a request', () => {
  it('is that of who asks, where it can be one, and is told to the services', async () => {
    const { headers } = await running.ask('{ posts { totalCount } }', {}, { 'x-request-id': 'from-the-proxy-1' })
    expect(headers['x-request-id']).toBe('from-the-proxy-1')
    expect(posts.calls.at(-1)?.asking.request.id).toBe('from-the-proxy-1')
  })

  it.each(['short', 'x'.repeat(65), 'with blanks in it', '{"level":60}'])('is our own instead of %j', async (given) => {
    const { headers } = await running.ask('{ posts { totalCount } }', {}, { 'x-request-id': given })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('is answered also where nothing is executed', async () => {
    expect((await running.send({ method: 'POST', body: 'x' })).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('Ashlar-Trace', () => {
  const SCREEN = 'query ($id: ID!) { node(id: $id) { ... on Post { title } } posts { nodes { title } } }'
  const trace = { 'ashlar-trace': '1' }
  const ask = (headers: Record<string, string>) => running.ask(SCREEN, { id: postId(1) }, headers)

  it('tells who may see it how the answer came about', async () => {
    const { json } = await ask({ ...MAY_LOOK, ...trace })
    expect(json.errors).toBeUndefined()
    expect(json.extensions?.trace).toMatchObject({
      milliseconds: expect.any(Number),
      planning: { milliseconds: expect.any(Number), cached: false },
      plan: { kind: expect.any(String) },
      rows: expect.any(Number),
    })
    const fetches = json.extensions?.trace.fetches ?? []
    expect(fetches.map(({ service }: { service: string }) => service).sort()).toEqual(['posts', 'posts', 'posts', 'registry'])
    for (const fetch of fetches)
      expect(fetch).toMatchObject({ startMilliseconds: expect.any(Number), milliseconds: expect.any(Number), rows: expect.any(Number) })
    expect(fetches.some(({ entities, rows }: { entities: number; rows: number }) => entities === 1 && rows === 1)).toBe(true)
    expect((await ask({ ...MAY_LOOK, ...trace })).json.extensions?.trace.planning.cached).toBe(true)
  })

  it('tells nobody else, and nobody who does not ask', async () => {
    for (const headers of [trace, { ...AS_USER, ...trace }, MAY_LOOK, { ...MAY_LOOK, 'ashlar-trace': '0' }]) {
      const { json } = await ask(headers)
      expect(json.data?.node).toEqual({ title: 'title of 0001' })
      expect(json).not.toHaveProperty('extensions')
    }
  })

  it('tells nothing where the scope was given up for the request', async () => {
    expect((await ask({ ...MAY_LOOK, ...trace, 'ashlar-scopes': 'posts:read' })).json).not.toHaveProperty('extensions')
  })
})

describe('what is measured', () => {
  /** A scrape is good for a second. */
  const told = async (name: string, labels: Record<string, string>, value: unknown) => {
    let seen: unknown
    await until(async () => {
      seen = readExposition(await metrics.text()).value(name, { service: 'gateway', ...labels })
      return seen === value
    }, 5_000).catch(() => {})
    expect([name, labels, seen]).toEqual([name, labels, value])
  }
  const count = async (name: string, labels: Record<string, string>) =>
    readExposition(await metrics.text()).value(name, { service: 'gateway', ...labels }) ?? 0

  it('tells operations by their names, and what came of them', async () => {
    const { text } = await running.ask('query Measured { posts { totalCount } }')
    posts.behave(async () => {
      throw new Error('away')
    })
    const failed = await running.ask('query Measured { posts { totalCount } }')
    await told('ashlar_gateway_operation_duration_seconds_count', { operation: 'Measured' }, 2)
    await told('ashlar_gateway_operation_errors_total', { operation: 'Measured', code: 'SUBGRAPH_UNAVAILABLE' }, 1)
    await told('ashlar_gateway_operation_bytes_total', { operation: 'Measured' }, Buffer.byteLength(text) + Buffer.byteLength(failed.text))
    await told('ashlar_gateway_operations_in_flight', {}, 0)
  })

  it('tells services at one address apart', async () => {
    const own = new Metrics(silentLog())
    const source = { ask: async () => ({ data: { one: 1, two: 2 }, errors: [] }) }
    const subgraphs = ['one', 'two'].map((name) => ({ name, sdl: `type Query { ${name}: Int }`, source }))
    await using gateway = await startGateway({ subgraphs, measures: own.of('gateway') })
    expect((await gateway.ask('{ one two }')).json).toEqual({ data: { one: 1, two: 2 } })
    const exposition = readExposition(await own.text())
    for (const subgraph of ['one', 'two'])
      expect(exposition.value('ashlar_gateway_fetch_duration_seconds_count', { service: 'gateway', subgraph })).toBe(1)
  })

  it('is told once, also where a gateway could not be made before', async () => {
    const own = new Metrics(silentLog())
    const measures = own.of('gateway')
    const broken = { supergraphSdl: 'type Query { a: Int }', sourceOf: () => ({ ask: async () => ({ data: null, errors: [] }) }) }
    await expect(startGateway({ subgraphs: broken, measures })).rejects.toThrow()
    await using _ = await startGateway({ subgraphs: [usersSubgraph()], measures })
    const told = (await own.text()).split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [line.replace(/ \S+$/, '')]))
    expect(told.length).toBeGreaterThan(10)
    expect(told.filter((line, at) => told.indexOf(line) !== at)).toEqual([])
  })

  it('tells of each service how it answers', async () => {
    const before = await count('ashlar_gateway_fetch_duration_seconds_count', { subgraph: 'posts' })
    await running.ask('query Fetched { posts { totalCount } }')
    await told('ashlar_gateway_fetch_duration_seconds_count', { subgraph: 'posts' }, before + 1)
    await told('ashlar_gateway_fetches_in_flight', { subgraph: 'posts' }, 0)
    await told('ashlar_gateway_fetch_errors_total', { subgraph: 'posts', code: 'NO_ANSWER' }, 1)
  })

  it('tells what was planned already, and what was known by its hash', async () => {
    const hits = await count('ashlar_gateway_plan_cache_hits_total', {})
    const misses = await count('ashlar_gateway_plan_cache_misses_total', {})
    for (let times = 0; times < 3; times += 1) await running.ask('query Planned { posts { totalCount } }')
    await told('ashlar_gateway_plan_cache_misses_total', {}, misses + 1)
    await told('ashlar_gateway_plan_cache_hits_total', {}, hits + 2)
    const sha256Hash = 'a'.repeat(64)
    const body = JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash } } })
    await running.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
    await told('ashlar_gateway_persisted_operations_total', { outcome: 'unknown' }, 1)
  })

  it('has at most 200 names, whatever clients call their operations, the frequent ones among them', async () => {
    const names = async () => {
      const { families } = readExposition(await metrics.text())
      const { samples = [] } = families.get('ashlar_gateway_operation_duration_seconds') ?? {}
      return new Set(samples.map(({ labels }) => labels.operation))
    }
    const ask = (name: string) => running.ask(`query ${name} { __typename }`)
    for (let n = 0; n < 250; n += 1) await ask(`Made_up_${n}`)
    await running.ask('{ __typename }')
    await running.ask('query Refused { nothing }', {}, EXPIRED)
    for (let n = 0; n < 100; n += 1) await ask('Frequent')
    await until(async () => (await names()).has('Frequent'), 5_000)
    const told = await names()
    expect(told.size).toBeLessThanOrEqual(200 + 3)
    for (const name of ['other', 'anonymous', 'refused', 'Frequent']) expect(told).toContain(name)
    expect(told).not.toContain('Refused')
  }, 60_000)
})
