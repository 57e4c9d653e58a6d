import { request } from 'node:http'
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { Defer20220824Handler } from '@apollo/client/incremental'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Shape, Thing } from './support/federated.js'
import { type Federation, federate } from './support/federation.js'
import { gate } from './support/gate.js'

const users: Thing[] = [1, 2, 3].map((n) => ({
  __typename: 'User',
  id: `u${n}`,
  name: `N${n}`,
  age: n === 2 ? null : n,
  must: n === 3 ? null : n,
}))
for (const [at, user] of users.entries()) Object.assign(user, { friend: at === 2 ? null : users[at + 1], best: users[0] })
const SHAPE: Shape = {
  services: {
    a: 'type Query { users: [User] me: User any: [Item] now: Int } union Item = User | Bot type Bot { id: ID! nick: String } type User @key(fields: "id") { id: ID! name: String friend: User best: User! }',
    b: 'type Query { later: Int } type User @key(fields: "id") { id: ID! age: Int must: Int! }',
    c: 'scalar Any type User @key(fields: "id") { id: ID! age: Int @external label: String @requires(fields: "age") blob: Any }',
  },
  entities: users,
  resolvers: {
    Query: {
      users: () => [...users, null],
      me: () => users[0],
      any: () => [users[0], { __typename: 'Bot', id: 'b', nick: 'x' }],
      now: () => 1,
      later: () => 2,
    },
    User: { label: ({ age }) => `is ${age}` },
  },
}
const ACCEPT = 'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9'

let federation: Federation
beforeAll(async () => {
  federation = await federate(SHAPE)
}, 60_000)
afterAll(async () => {
  await federation[Symbol.asyncDispose]()
})

interface Part {
  readonly data?: unknown
  readonly errors?: { path: unknown; extensions: { code: string } }[]
  readonly incremental?: { data: unknown; path: (string | number)[]; label?: string; errors?: { path: unknown }[] }[]
  readonly hasNext?: boolean
}

/** The parts of an answer, as they came. */
async function partsOf(query: string, variables = {}): Promise<readonly Part[]> {
  federation.called.length = 0
  const { headers, text, json } = await federation.running.ask(query, variables, { accept: ACCEPT })
  if (!String(headers['content-type']).startsWith('multipart/mixed')) return [json as unknown as Part]
  expect(headers['content-type']).toContain('deferSpec=20220824')
  expect(headers['cache-control']).toContain('no-store')
  const [, boundary] = /boundary="([^"]*)"/.exec(String(headers['content-type'])) ?? []
  return text
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => JSON.parse(part.slice(part.indexOf('\r\n\r\n'))) as Part)
}

/** What a client has when all has come. */
function together([first, ...rest]: readonly Part[]): unknown {
  const data = structuredClone(first?.data)
  const merge = (target: Thing, more: Thing): void => {
    for (const [key, value] of Object.entries(more)) {
      const there = target[key]
      if (typeof there === 'object' && there && typeof value === 'object' && value) merge(there as Thing, value as Thing)
      else target[key] = value
    }
  }
  for (const { incremental = [] } of rest)
    for (const { path, data: more } of incremental)
      if (more) merge(path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], data) as Thing, more as Thing)
  return data
}

describe('what is deferred', () => {
  it.each([
    '{ users { name ... @defer { age } } }',
    '{ users { name ...F @defer(label: "f") } } fragment F on User { age label friend { name } }',
    '{ users { ... @defer { age } } me { name } }',
    '{ me { name ... @defer(label: "one") { age friend { name ... @defer(label: "two") { age label friend { id } } } } } }',
    '{ now ... @defer { later } }',
    '{ any { __typename ... on User @defer { label name } ... on Bot { nick } } }',
    '{ me { best { ... @defer { best { label } } } ... @defer { best { id name } } ... @defer { name } } }',
    '{ me { id: name ... @defer { age: label name: age } } }'.replace('id: name ', ''),
    '{ me { ...A ...B @defer } } fragment A on User { friend { ...C @defer } } fragment B on User { friend { ...C } must } fragment C on User { label }',
  ])('comes in parts that make up the whole: %s', async (query) => {
    const parts = await partsOf(query)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.map(({ hasNext }) => hasNext)).toEqual([...parts.slice(1).map(() => true), false])
    const { data } = await federation.whole(query.replace(/@defer(\([^)]*\))?/g, ''))
    expect(together(parts)).toEqual(data)
    expect(parts.flatMap(({ errors, incremental = [] }) => [errors, ...incremental.map((each) => each.errors)]).filter(Boolean)).toEqual([])
  })

  it('comes with its label and path, behind the first part', async () => {
    const [first, ...rest] = await partsOf('{ users { name ... @defer(label: "ages") { age } } }')
    expect(first).toEqual({ data: { users: [{ name: 'N1' }, { name: 'N2' }, { name: 'N3' }, null] }, hasNext: true })
    expect(rest).toEqual([
      { incremental: users.map(({ age }, at) => ({ data: { age }, path: ['users', at], label: 'ages' })), hasNext: false },
    ])
  })

  it('is not waited for', async () => {
    let answer = (_: unknown) => {}
    const held = new Promise((resolve) => {
      answer = resolve
    })
    federation.instead.b = async () => {
      await held
      return undefined
    }
    const seen: string[] = []
    await new Promise<void>((resolve, reject) => {
      const body = JSON.stringify({ query: '{ me { name ... @defer { age } } }' })
      const headers = { 'content-type': 'application/json', accept: ACCEPT }
      const outgoing = request(
        { host: '127.0.0.1', port: federation.running.port, method: 'POST', path: '/graphql', headers },
        (incoming) => {
          incoming.on('data', (chunk: Buffer) => {
            seen.push(chunk.toString())
            answer(null)
          })
          incoming.once('end', resolve)
        },
      )
      outgoing.once('error', reject)
      outgoing.end(body)
    })
    delete federation.instead.b
    expect(seen[0]).toContain('"hasNext":true')
    expect(seen[0]).not.toContain('age')
    expect(seen.join('')).toContain('"age":1')
  })

  it.each([
    ['{ me { name ... @defer(if: false) { age } } }', {}],
    ['query ($x: Boolean!) { me { name ... @defer(if: $x) { age } } }', { x: false }],
    ['query ($x: Boolean = false) { me { name ... @defer(if: $x) { age } } }', {}],
  ])('comes with the rest where its condition does not hold: %s', async (query, variables) => {
    expect(await partsOf(query, variables)).toEqual([{ data: { me: { name: 'N1', age: 1 } } }])
  })

  it.each([
    ['query ($x: Boolean!) { me { name ... @defer(if: $x) { age } } }', { x: true }, 2],
    ['query ($x: Boolean!) { me { name ... @defer { age @skip(if: $x) must } } }', { x: true }, 2],
    ['query ($x: Boolean!) { me { name ... @include(if: $x) { ... @defer { age } } } }', { x: false }, 2],
  ])('heeds conditions: %s', async (query, variables, count) => {
    const parts = await partsOf(query, variables)
    expect(parts).toHaveLength(count)
    const { data } = await federation.whole(query.replace(/@defer(\([^)]*\))?/g, ''), variables)
    expect(together(parts)).toEqual(data)
  })

  it('is answered whole for a client that does not take parts', async () => {
    const { data, response } = await federation.ask('{ me { name ... @defer { age } } }')
    expect(response.headers['content-type']).toContain('json')
    expect(data).toEqual({ me: { name: 'N1', age: 1 } })
  })

  it('is answered as any other where nothing is deferred, or it is refused', async () => {
    expect(await partsOf('{ me { name } }')).toEqual([{ data: { me: { name: 'N1' } } }])
    const [refused] = await partsOf('{ me { ... @defer { nothing } } }')
    expect(refused?.errors?.map(({ extensions }) => extensions.code)).toEqual(['GRAPHQL_VALIDATION_FAILED'])
    const many = Array.from({ length: 21 }, (_, n) => `... @defer { a${n}: age }`).join(' ')
    expect((await partsOf(`{ me { ${many} } }`))[0]?.errors?.map(({ extensions }) => extensions.code)).toEqual(['TOO_COMPLEX'])
  })

  it('loses what must not be null by itself, and says why', async () => {
    const [first, ...rest] = await partsOf('{ users { name ... @defer { must } } }')
    expect(first?.errors).toBeUndefined()
    const parts = rest.flatMap(({ incremental = [] }) => incremental)
    expect(parts.map(({ data }) => data)).toEqual([{ must: 1 }, { must: 2 }, null])
    expect(parts.map(({ errors }) => errors?.map(({ path }) => path))).toEqual([undefined, undefined, [['users', 2, 'must']]])
  })

  it('tells of a service that fails where it would have been', async () => {
    federation.instead.b = () => ({ data: null, errors: [{ message: 'down', extensions: { code: 'RATE_LIMITED' } }] })
    const [first, ...rest] = await partsOf('{ me { name ... @defer { age } } }')
    delete federation.instead.b
    expect(first).toEqual({ data: { me: { name: 'N1' } }, hasNext: true })
    const [part, ...more] = rest.flatMap(({ incremental = [] }) => incremental)
    expect(more).toEqual([])
    expect(part).toMatchObject({
      data: { age: null },
      path: ['me'],
      errors: [{ path: ['me', 'age'], extensions: { code: 'RATE_LIMITED' } }],
    })
  })

  it('ends as a part that failed, masked, where what came of it can not be written', async () => {
    const unwritable = {
      toJSON() {
        throw new Error('at 10.1.2.3')
      },
    }
    federation.instead.c = () => ({ data: { _entities: [{ blob: unwritable }] } })
    const [first, ...rest] = await partsOf('{ me { name ... @defer(label: "late") { blob } ... @defer { age } } }')
    delete federation.instead.c
    expect(first).toEqual({ data: { me: { name: 'N1' } }, hasNext: true })
    const parts = rest.flatMap(({ incremental = [] }) => incremental)
    expect(parts).toHaveLength(2)
    expect(parts).toContainEqual({ data: { age: 1 }, path: ['me'] })
    expect(parts).toContainEqual({
      data: null,
      path: [],
      label: 'late',
      errors: [
        { message: expect.not.stringContaining('10.1.2.3'), extensions: expect.objectContaining({ code: 'INTERNAL_SERVER_ERROR' }) },
      ],
    })
    expect(rest.at(-1)?.hasNext).toBe(false)
  })

  it('is not begun for a client that has gone away', async () => {
    let answer = (_: unknown) => {}
    const held = new Promise((resolve) => {
      answer = resolve
    })
    let waiting = () => {}
    const asked = new Promise<void>((resolve) => {
      waiting = resolve
    })
    federation.called.length = 0
    federation.instead.b = async () => {
      waiting()
      await held
      return undefined
    }
    const closed = new Promise<void>((resolve) => {
      federation.running.fastify.server.once('request', (_, response) => response.once('close', resolve))
    })
    const headers = { 'content-type': 'application/json', accept: ACCEPT }
    const outgoing = request({ host: '127.0.0.1', port: federation.running.port, method: 'POST', path: '/graphql', headers }, () => {})
    outgoing.once('error', () => {})
    outgoing.end(JSON.stringify({ query: '{ me { name ... @defer { label } } }' }))
    await asked
    outgoing.destroy()
    await closed
    answer(null)
    delete federation.instead.b
    await federation.ask('{ me { must } }')
    expect(federation.called.some(({ service }) => service === 'c')).toBe(false)
  })

  it('is not begun for a client that has gone away before anything was there', async () => {
    const [first, later] = [gate(), gate()]
    const asked = { a: gate(), b: gate() }
    federation.called.length = 0
    federation.instead.a = async () => {
      asked.a.open()
      await first.opened
    }
    federation.instead.b = async () => {
      asked.b.open()
      await later.opened
    }
    const closed = new Promise<void>((resolve) => {
      federation.running.fastify.server.once('request', (_, response) => response.once('close', resolve))
    })
    const headers = { 'content-type': 'application/json', accept: ACCEPT }
    const outgoing = request({ host: '127.0.0.1', port: federation.running.port, method: 'POST', path: '/graphql', headers })
    outgoing.once('error', () => {})
    outgoing.end(JSON.stringify({ query: '{ me { name ... @defer { age ... @defer { label } } } }' }))
    await asked.a.opened
    outgoing.destroy()
    await closed
    first.open()
    await asked.b.opened
    await federation.ask('{ __typename }')
    later.open()
    delete federation.instead.a
    delete federation.instead.b
    await federation.ask('{ me { must } }')
    expect(federation.called.some(({ service }) => service === 'c')).toBe(false)
  })

  it('is understood by Apollo Client', async () => {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: `http://127.0.0.1:${federation.running.port}/graphql` }),
      incrementalHandler: new Defer20220824Handler(),
    })
    const query = gql`query { me { id name ...F @defer } } fragment F on User { id age label }`
    const seen: unknown[] = []
    await new Promise<void>((resolve, reject) => {
      client.watchQuery({ query }).subscribe({
        next: ({ data, loading, dataState }) => {
          seen.push(structuredClone(data))
          if (!loading && dataState === 'complete') resolve()
        },
        error: reject,
      })
    })
    client.stop()
    expect(seen.at(-1)).toMatchObject({ me: { id: 'u1', name: 'N1', age: 1, label: 'is 1' } })
  })
})
