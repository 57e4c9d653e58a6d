import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ApolloServer, HeaderMap } from '@apollo/server'
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'graphql'
import { plainHttp } from '../src/data-sources/plain-http.js'
import { AS_USER, EXPIRED, type Running, startGateway } from './support/running-gateway.js'
import { shop } from './support/shop.js'
import { testSubgraph } from './support/subgraphs.js'

const NO_STORE = 'private, no-store'

describe('for how long an answer holds by @cacheControl', () => {
  const { all, whole, catalogue, reset } = shop()
  let running: Running
  let apollo: ApolloServer
  beforeAll(async () => {
    running = await startGateway({ subgraphs: all })
    apollo = new ApolloServer({
      schema: buildSubgraphSchema({ typeDefs: parse(whole.typeDefs), resolvers: whole.resolvers as never }),
      plugins: [ApolloServerPluginInlineTraceDisabled()],
    })
    await apollo.start()
  })
  afterAll(async () => {
    await running[Symbol.asyncDispose]()
    await apollo.stop()
  })
  afterEach(() => {
    catalogue.behave(undefined)
    reset()
  })

  /** What Apollo Server says of one service that has it all. */
  async function asApollo(query: string, variables: object): Promise<string> {
    const headers = new HeaderMap([['content-type', 'application/json']])
    const { headers: answered } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'POST', headers, search: '', body: { query, variables } },
      context: async () => ({}),
    })
    const said = answered.get('cache-control') ?? 'no-store'
    return said === 'no-store' ? NO_STORE : said
  }

  it.each([
    ['{ product(upc: "1") { name } }', 'max-age=60, public'],
    ['{ product(upc: "1") { name price } }', 'max-age=20, public'],
    ['{ product(upc: "1") { name maker { name } } }', 'max-age=60, public'],
    ['{ product(upc: "1") { name known { name } } }', 'max-age=45, public'],
    ['{ product(upc: "1") { name origin { town } } }', 'max-age=60, public'],
    ['{ product(upc: "1") { name origin { town open } } }', 'max-age=5, public'],
    ['{ product(upc: "1") { label { text } } }', 'max-age=60, public'],
    ['{ product(upc: "1") { secret } }', 'max-age=60, private'],
    ['{ product(upc: "1") { name reviews { text } } products { name } }', 'max-age=30, public'],
    ['{ product(upc: "1") { reviews { text product { price } } } }', 'max-age=20, public'],
    ['{ version }', 'max-age=10, public'],
    ['{ mine { name } version }', 'max-age=10, private'],
    ['{ thing { name label { text } } }', 'max-age=50, public'],
    ['{ either { ... on Product { name } ... on Maker { name } } }', 'max-age=50, public'],
    ['{ unsaid { name } }', NO_STORE],
    ['{ count }', NO_STORE],
    ['{ product(upc: "1") { name } count }', NO_STORE],
    ['{ __typename }', NO_STORE],
    ['{ __schema { queryType { name } } }', NO_STORE],
    ['{ product(upc: "1") { ...f } } fragment f on Product { price ...g } fragment g on Product { origin { open } }', 'max-age=5, public'],
    ['mutation { rename(upc: "1", name: "a") { name } }', NO_STORE],
  ])('%s: %s', async (query, expected) => {
    const { headers, json } = await running.ask(query)
    expect(json.errors).toBeUndefined()
    expect(headers['cache-control']).toBe(expected)
    if (!query.startsWith('mutation')) expect(await asApollo(query, {})).toBe(expected)
  })

  it('is told of what was asked for alone', async () => {
    const query = 'query Q($all: Boolean!) { product(upc: "1") { name price @include(if: $all) secret @skip(if: $all) } }'
    for (const all of [true, false])
      expect((await running.ask(query, { all })).headers['cache-control']).toBe(await asApollo(query, { all }))
  })

  it('is not at all where somebody shows who they are, sees what is not published, or where anything failed', async () => {
    const query = '{ product(upc: "1") { name } }'
    const saying = async (...asked: Parameters<Running['ask']>) => (await running.ask(...asked)).headers['cache-control']
    expect(await saying(query, {}, AS_USER)).toBe(NO_STORE)
    expect(await saying(query, {}, EXPIRED)).toBe(NO_STORE)
    expect(await saying('{ preview { name } }')).toBe('max-age=60, public')
    expect(await saying('{ preview(previewToken: "a") { name } }')).toBe(NO_STORE)
    expect(await saying('{ product(upc: "1") { nothing } }')).toBe(NO_STORE)
    catalogue.behave(async () => ({ data: { product: { name: 'a' } }, errors: [{ message: 'but', path: ['product'] }] }))
    expect(await saying(query)).toBe(NO_STORE)
  })

  it('tells what is between that somebody with a credential is answered otherwise', async () => {
    const { headers } = await running.ask('{ product(upc: "1") { name } }')
    expect(headers.vary).toBe('Origin, Accept, Authorization')
    expect((await running.ask('{ count }')).headers.vary).toBe('Origin')
  })

  it('holds for persisted queries by GET too, so that they can be kept on the way', async () => {
    const query = '{ version }'
    const sha256Hash = createHash('sha256').update(query).digest('hex')
    const extensions = encodeURIComponent(JSON.stringify({ persistedQuery: { version: 1, sha256Hash } }))
    const headers = { 'apollo-require-preflight': 'true' }
    const unknown = await running.send({ path: `/graphql?extensions=${extensions}`, headers })
    expect(unknown.headers['cache-control']).toBe(NO_STORE)
    await running.send({ path: `/graphql?extensions=${extensions}&query=${encodeURIComponent(query)}`, headers })
    const known = await running.send({ path: `/graphql?extensions=${extensions}`, headers })
    expect(known.json).toEqual({ data: { version: 1 } })
    expect(known.headers['cache-control']).toBe('max-age=10, public')
  })
})

describe('for how long an answer holds by what services say in HTTP', () => {
  const said: Record<string, Record<string, string>> = {}
  const servers: Server[] = []
  const sources: { close(): Promise<void> }[] = []
  let running: Running
  const data = { one: { a: { id: '1', one: 1 } }, two: { _entities: [{ two: 2 }] } } as const

  beforeAll(async () => {
    const sdls = {
      one: 'type Query { a: A } type A @key(fields: "id") { id: ID! one: Int }',
      two: 'type A @key(fields: "id") { id: ID! two: Int }',
    }
    const subgraphs = await Promise.all(
      (['one', 'two'] as const).map(async (name) => {
        const server = createServer((request, response) => {
          request.resume().on('end', () => {
            const answer = name === 'one' ? { a: { __typename: 'A', id: '1', one: 1 } } : data.two
            response.writeHead(200, { 'content-type': 'application/json', ...said[name] }).end(JSON.stringify({ data: answer }))
          })
        })
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        servers.push(server)
        const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`)
        const source = plainHttp({ url, fetchMs: 5_000, answerBytes: 100_000 })
        sources.push(source)
        return { name, sdl: testSubgraph({ name, sdl: sdls[name], resolvers: {} }).sdl, source }
      }),
    )
    running = await startGateway({ subgraphs, forwardedHeaders: [] })
  })
  afterAll(async () => {
    await running[Symbol.asyncDispose]()
    for (const source of sources) await source.close()
    for (const server of servers) server.closeAllConnections()
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  })

  it.each([
    [{ 'cache-control': 'max-age=60' }, { 'cache-control': 'max-age=30' }, 'max-age=30, public'],
    [{ 'cache-control': 'public, max-age=60' }, { 'cache-control': 'max-age=90, private' }, 'max-age=60, private'],
    [{ 'cache-control': 'max-age=60', age: '50' }, { 'cache-control': 'max-age=30' }, 'max-age=10, public'],
    [{ 'cache-control': 'max-age=60', age: '61' }, { 'cache-control': 'max-age=30' }, NO_STORE],
    [{ 'cache-control': 'max-age=60' }, {}, NO_STORE],
    [{ 'cache-control': 'max-age=60' }, { 'cache-control': 'no-store, max-age=60' }, NO_STORE],
    [{ 'cache-control': 'max-age=60' }, { 'cache-control': 'no-cache' }, NO_STORE],
    [{ 'cache-control': 'max-age=60' }, { 'cache-control': 'max-age=-5' }, NO_STORE],
    [{ 'cache-control': 'max-age=60' }, { 'cache-control': 's-maxage=5 ,, MAX-AGE="40"' }, 'max-age=40, public'],
  ])('%j and %j: %s', async (one, two, expected) => {
    Object.assign(said, { one, two })
    const { headers, json } = await running.ask('{ a { one two } }')
    expect(json).toEqual({ data: { a: { one: 1, two: 2 } } })
    expect(headers['cache-control']).toBe(expected)
  })
})
