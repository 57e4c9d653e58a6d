import { createHash } from 'node:crypto'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { codesOf, type Response, type Running, startGateway } from './support/running-gateway.js'
import { postId, town } from './support/town.js'

const { posts, all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  // Whatever was sent, nothing that all objects share has changed.
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  reset()
})

const callsOfAll = () => all.flatMap(({ calls }) => calls)
function issuesOf({ json }: Response) {
  const issues = (json.errors?.[0]?.extensions?.issues ?? []) as { path: unknown[] }[]
  return issues.map(({ path }) => path.join('.'))
}

function expectRefused(answer: Response, code: string, status = 400) {
  expect({ status: answer.status, codes: codesOf(answer), data: answer.json.data }).toEqual({ status, codes: [code], data: undefined })
  expect(callsOfAll()).toHaveLength(0)
}

describe('variables', () => {
  const POSTS = 'query ($first: Int!, $filter: PostFilter) { posts(first: $first, filter: $filter) { totalCount } }'

  it.each([
    [{}, ['first']],
    [{ first: null }, ['first']],
    [{ first: 'x' }, ['first']],
    [{ first: 1.5 }, ['first']],
    [{ first: 2 ** 40 }, ['first']],
    [{ first: 'x', filter: { status: 'GONE', tags: ['a', 5, {}] } }, ['first', 'filter.status', 'filter.tags.1', 'filter.tags.2']],
    [{ first: 1, filter: { nothing: 1 } }, ['filter']],
    [{ first: 1, filter: 'x' }, ['filter']],
    [{ first: 1, filter: [] }, ['filter']],
  ])('of wrong types are refused, every one with its path, before anything runs: %j', async (variables, paths) => {
    const answer = await running.ask(POSTS, variables)
    expectRefused(answer, 'BAD_USER_INPUT')
    expect(issuesOf(answer)).toEqual(paths)
  })

  it('that nobody declared are no matter', async () => {
    expect((await running.ask('{ posts { totalCount } }', { more: 1 })).json.data).toEqual({ posts: { totalCount: 3 } })
  })

  it('are not repeated at length to who sent them', async () => {
    const answer = await running.ask('query ($first: Int!) { posts(first: $first) { totalCount } }', { first: 'x'.repeat(1_000_000) })
    expectRefused(answer, 'BAD_USER_INPUT')
    expect(answer.text.length).toBeLessThan(5_000)
  })

  it('are told as a hundred issues at most', async () => {
    const tags = Array.from({ length: 10_000 }, () => 5)
    const answer = await running.ask(POSTS, { first: 1, filter: { tags } })
    expectRefused(answer, 'BAD_USER_INPUT')
    expect(issuesOf(answer).length).toBeLessThanOrEqual(100)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('may be called %s', async (name) => {
    const query = `query ($${name}: Int!) { posts(first: $${name}) { nodes { id } } }`
    const variables = JSON.parse(`{ "${name}": 1 }`)
    expect((await running.ask(query, variables)).json.data?.posts.nodes).toHaveLength(1)
  })

  it('may not be called what the gateway itself uses', async () => {
    const answer = await running.ask('query ($representations: Int!) { posts(first: $representations) { totalCount } }', {
      representations: 1,
    })
    expectRefused(answer, 'BAD_USER_INPUT')
  })
})

describe('values in the text of an operation', () => {
  it.each([
    ['{ posts(first: "x") { totalCount } }', ['first']],
    ['{ posts(first: 99999999999) { totalCount } }', ['first']],
    ['{ posts(filter: { status: GONE, tags: ["a", 5] }) { totalCount } }', ['filter.status', 'filter.tags.1']],
    ['{ posts(filter: { before: "x" }) { totalCount } users(first: true) { totalCount } }', ['filter.before', 'first']],
    ['query ($first: Int! = "x") { posts(first: $first) { totalCount } }', ['first']],
  ])('that can not be are the same fault as in a variable: %s', async (query, paths) => {
    const answer = await running.ask(query)
    expectRefused(answer, 'BAD_USER_INPUT')
    expect(issuesOf(answer)).toEqual(paths)
  })

  it('that a service refuses come back with its own path', async () => {
    const answer = await running.ask('{ posts(first: 101) { totalCount } users { totalCount } }')
    expect(answer.json.data).toEqual({ posts: null, users: { totalCount: 2 } })
    expect(answer.json.errors?.[0]).toMatchObject({
      path: ['posts'],
      extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['first'] }] },
    })
  })
})

describe('__proto__', () => {
  const CREATE = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { metadata } }'
  const create = (metadata: string) =>
    running.send({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"query": "${CREATE}", "variables": {"input": {"title": "a", "metadata": ${metadata}}}}`,
    })

  it('as a key of free values reaches the service as what it is, to be refused there by its path', async () => {
    const answer = await create('{"__proto__": {"polluted": true}, "a": 1}')
    expect(answer.json.data).toEqual({ createPost: null })
    expect(answer.json.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['input', 'metadata', '__proto__'] }],
    })
    const [call] = posts.calls
    const { metadata } = (call?.variables.input ?? {}) as { metadata: object }
    expect(Object.keys(metadata)).toEqual(['__proto__', 'a'])
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype)
  })

  it('deeper inside changes nothing and is lost nowhere', async () => {
    const metadata = '{"a":{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}}'
    expect(JSON.stringify((await create(metadata)).json.data?.createPost.metadata)).toBe(metadata)
  })

  it.each([
    '{"__proto__": {"query": "{ __typename }"}}',
    '{"query": "{ __typename }", "__proto__": {"polluted": true}}',
    '{"query": "{ __typename }", "variables": {"__proto__": {"polluted": true}}}',
    '{"query": "{ __typename }", "extensions": {"__proto__": {"polluted": true}}}',
    '{"query": "{ __typename }", "constructor": {"prototype": {"polluted": true}}}',
  ])('elsewhere in a body is nothing: %s', async (body) => {
    const answer = await running.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(answer.status).toBe(body.startsWith('{"query"') ? 200 : 400)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'or %s as an alias is a name like any other',
    async (alias) => {
      const { text } = await running.ask(
        `{ ${alias}: posts(first: 1) { ${alias}: nodes { ${alias}: title author { ${alias}: username } comments { ${alias}: totalCount } } } }`,
      )
      expect(text).toBe(
        `{"data":{"${alias}":{"${alias}":[{"${alias}":"title of ${postId(1).slice(-4)}","author":{"${alias}":"name of ${postId(1).slice(-4)}"},"comments":{"${alias}":1}}]}}}\n`,
      )
    },
  )
})

describe('an operation', () => {
  it.each(['{', 'nonsense', '{ posts { totalCount }', '\u0000', '{ posts(first: "\\ud800") }}', '"', '#'])(
    'that is no GraphQL is refused: %j',
    async (query) => {
      expectRefused(await running.ask(query), 'GRAPHQL_PARSE_FAILED')
    },
  )

  it.each([
    '{ nothing }',
    '{ posts }',
    '{ posts { totalCount(x: 1) } }',
    'fragment A on Post { id }',
    '{ ...A }',
    'query ($a: Nothing) { __typename }',
  ])('that the graph does not have is refused: %s', async (query) => {
    const answer = await running.ask(query)
    expect(answer.status).toBe(400)
    expect(new Set(codesOf(answer)).size).toBe(1)
    expect(['GRAPHQL_VALIDATION_FAILED', 'OPERATION_RESOLUTION_FAILURE']).toContain(codesOf(answer)[0])
    expect(callsOfAll()).toHaveLength(0)
  })

  it.each(['_entities', '_service'])("does not reach the services' own %s", async (field) => {
    expectRefused(await running.ask(`{ ${field} { sdl } }`), 'GRAPHQL_VALIDATION_FAILED')
  })

  it('does not reach what is inaccessible', async () => {
    expectRefused(await running.ask('{ viewer { userId } }'), 'GRAPHQL_VALIDATION_FAILED')
  })

  it.each([
    ['C', '{ a: __typename }'],
    ['C', 'query A { __typename } query B { __typename }'],
    [undefined, 'query A { __typename } query B { __typename }'],
    ['__proto__', 'query A { __typename } query B { __typename }'],
  ])('%s that is not among those sent is refused', async (operationName, query) => {
    const body = JSON.stringify({ query, operationName })
    expectRefused(
      await running.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body }),
      'OPERATION_RESOLUTION_FAILURE',
    )
  })

  it('that subscribes is refused where nothing streams', async () => {
    expectRefused(await running.ask('subscription { postEvents { id } }'), 'BAD_USER_INPUT')
  })

  describe('by its hash', () => {
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
    const sent = (sha256Hash: string, query?: string) =>
      running.send({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...(query !== undefined && { query }), extensions: { persistedQuery: { version: 1, sha256Hash } } }),
      })
    const got = (sha256Hash: string) => {
      const extensions = encodeURIComponent(JSON.stringify({ persistedQuery: { version: 1, sha256Hash } }))
      return running.send({ path: `/graphql?extensions=${extensions}`, headers: { 'apollo-require-preflight': '1' } })
    }

    it('is answered once it has come with its text, by POST and by GET', async () => {
      const query = '{ posts { persisted: totalCount } }'
      expect(codesOf(await sent(hashOf(query)))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
      expect((await sent(hashOf(query), query)).json.data).toEqual({ posts: { persisted: 3 } })
      // It is kept after the answer.
      await until(async () => codesOf(await sent(hashOf(query))).length === 0)
      expect((await sent(hashOf(query))).json.data).toEqual({ posts: { persisted: 3 } })
      expect((await got(hashOf(query))).json.data).toEqual({ posts: { persisted: 3 } })
    })

    it('is kept under no hash but its own, and not unless it is valid', async () => {
      const [one, other, invalid] = ['{ posts { one: totalCount } }', '{ posts { other: totalCount } }', '{ posts { nothing } }']
      expect((await sent(hashOf(one), other)).status).toBe(400)
      expect(codesOf(await sent(hashOf(one)))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
      expect(codesOf(await sent(hashOf(invalid), invalid))).toEqual(['GRAPHQL_VALIDATION_FAILED'])
      expect(codesOf(await sent(hashOf(invalid)))).toEqual(['PERSISTED_QUERY_NOT_FOUND'])
    })

    it('changes nothing by GET', async () => {
      const query = 'mutation { createPost(input: { title: "persisted" }) { id } }'
      expect((await sent(hashOf(query), query)).json.errors).toBeUndefined()
      await until(async () => codesOf(await sent(hashOf(query))).length === 0)
      posts.calls.length = 0
      expect((await got(hashOf(query))).status).toBe(405)
      expect(posts.calls).toEqual([])
    })
  })

  it('may look at the schema', async () => {
    const { json } = await running.ask('{ __schema { queryType { name } } __type(name: "Post") { kind name } __typename }')
    expect(json.data).toEqual({ __schema: { queryType: { name: 'Query' } }, __type: { kind: 'OBJECT', name: 'Post' }, __typename: 'Query' })
  })

  it('may leave fields out by a condition', async () => {
    const query =
      'query ($with: Boolean! = false) { posts(first: 1) { nodes { title @skip(if: $with) author @include(if: $with) { username } } } }'
    expect((await running.ask(query)).json.data?.posts.nodes).toEqual([{ title: expect.any(String) }])
    expect((await running.ask(query, { with: true })).json.data?.posts.nodes).toEqual([{ author: { username: expect.any(String) } }])
  })
})

describe('the size of an operation', () => {
  const nested = (levels: number) => `{ posts { nodes ${'{ older '.repeat(levels)} { id } ${'}'.repeat(levels)} } }`

  it.each([
    ['selections', nested(5_000)],
    ['selections that never end', '{ posts '.repeat(100_000)],
    ['lists', `{ posts(filter: { tags: ${'['.repeat(50_000)} }) { totalCount } }`],
    ['objects', `{ posts(filter: ${'{ tags: '.repeat(50_000)} }) { totalCount } }`],
    ['types', `query ($a: ${'['.repeat(5_000)}Int${']'.repeat(5_000)}) { __typename }`],
    ['fields at the root', `{ ${Array.from({ length: 51 }, (_, n) => `a${n}: __typename`).join(' ')} }`],
    [
      'fields at the root by fragments',
      `{ ...A ...B } ${['A', 'B'].map((f) => `fragment ${f} on Query { ${Array.from({ length: 26 }, (_, n) => `${f}${n}: __typename`).join(' ')} }`).join(' ')}`,
    ],
    ['selections in a fragment', `{ __typename } fragment A on Post { older ${'{ older '.repeat(5_000)}`],
  ])('is bounded in how deep it nests: %s', async (_, query) => {
    expectRefused(await running.ask(query), 'TOO_COMPLEX')
  })

  it('is bounded for a GET as well', async () => {
    const path = `/graphql?${new URLSearchParams({ query: nested(300) })}`
    const answer = await running.send({ path, headers: { 'apollo-require-preflight': '1' } })
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['TOO_COMPLEX'] })
  })

  it('lets through what a person would write', async () => {
    expect((await running.ask(nested(30))).status).toBe(200)
  })

  it('is bounded in how many words it has', async () => {
    const answer = await running.ask(`{ ${'__typename '.repeat(20_000)} }`)
    expectRefused(answer, 'TOO_COMPLEX')
    expect(answer.json.errors?.[0]?.extensions?.limit).toBe(10_000)
  })

  it('is bounded in what its fragments amount to', async () => {
    const fragments = Array.from({ length: 25 }, (_, n) => `fragment F${n} on Post { a: older { ...F${n + 1} } b: older { ...F${n + 1} } }`)
    expectRefused(await running.ask(`{ post(id: "a") { ...F0 } } ${fragments.join(' ')} fragment F25 on Post { id }`), 'TOO_COMPLEX')
  })

  it('says nothing at length of a name that is', async () => {
    const answer = await running.ask(`{ ${'x'.repeat(1_000_000)} }`)
    expect(answer.status).toBe(400)
    expect(answer.text.length).toBeLessThan(5_000)
  })
})
