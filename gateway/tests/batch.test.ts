import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AS_USER, codesOf, EXPIRED, type Result, type Running, startGateway } from './support/running-gateway.js'
import { town } from './support/town.js'

const { posts, all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(reset)

const send = async (operations: unknown, headers: Record<string, string> = {}) => {
  const body = JSON.stringify(operations)
  const answer = await running.send({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  return { ...answer, results: answer.json as unknown as Result[] }
}
const calls = () => all.flatMap(({ calls }) => calls)

describe('a list of operations', () => {
  it('is answered as a list, in its order', async () => {
    const { status, results } = await send([
      { query: '{ posts { totalCount } }' },
      { query: 'query A { __typename } query B { users { totalCount } }', operationName: 'B' },
      { query: 'query ($first: Int!) { posts(first: $first) { nodes { id } } }', variables: { first: 1 } },
    ])
    expect(status).toBe(200)
    expect(results.map(({ data }) => data)).toEqual([
      { posts: { totalCount: 3 } },
      { users: { totalCount: 2 } },
      { posts: { nodes: [{ id: expect.any(String) }] } },
    ])
  })

  it('is carried out at the same time', async () => {
    let waiting = 0
    let open = () => {}
    const allWait = new Promise<void>((resolve) => {
      open = resolve
    })
    posts.behave(async () => {
      waiting += 1
      if (waiting === 3) open()
      await allWait
      return { data: { posts: { totalCount: 1 } } }
    })
    const { results } = await send(Array.from({ length: 3 }, (_, n) => ({ query: `query Q${n} { posts { totalCount } }` })))
    expect(results.map(({ data }) => data?.posts.totalCount)).toEqual([1, 1, 1])
  })

  it('may have faults in it that are no matter to the others', async () => {
    const { status, results } = await send([{ query: '{' }, { query: '{ posts { totalCount } }' }, null, {}, { query: '{ nothing }' }, 5])
    expect(status).toBe(200)
    expect(results.map(({ data, errors }) => data ?? errors?.[0]?.extensions?.code)).toEqual([
      'GRAPHQL_PARSE_FAILED',
      { posts: { totalCount: 3 } },
      'BAD_REQUEST',
      'BAD_REQUEST',
      'GRAPHQL_VALIDATION_FAILED',
      'BAD_REQUEST',
    ])
  })

  it('fails as a request where all of it fails the same', async () => {
    const { status, headers, results } = await send([{ query: '{ posts { totalCount } }' }, { query: '{ users { totalCount } }' }], EXPIRED)
    expect({ status, authenticate: headers['www-authenticate'] }).toEqual({ status: 401, authenticate: 'Bearer error="invalid_token"' })
    expect(results.map(({ errors }) => errors?.[0]?.extensions?.code)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED'])
    expect(calls()).toEqual([])
  })

  it('is asked as one person, and kept by nobody', async () => {
    const { headers, results } = await send([{ query: '{ whoAmI }' }, { query: '{ whoAmI }' }], AS_USER)
    const [one, other] = results.map(({ data }) => JSON.parse(data?.whoAmI))
    expect(one.userId).toEqual(expect.any(String))
    expect(other).toEqual(one)
    expect(headers['cache-control']).toBe('private, no-store')
  })

  it.each([
    [11, 'TOO_COMPLEX'],
    [1_000, 'TOO_COMPLEX'],
    [0, 'BAD_REQUEST'],
  ])('of %d is refused before anything runs', async (length, code) => {
    const answer = await send(Array.from({ length }, () => ({ query: '{ posts { totalCount } }' })))
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: [code] })
    expect(answer.headers['cache-control']).toBe('private, no-store')
    expect(calls()).toEqual([])
  })

  it('of ten is the most that there may be', async () => {
    expect((await send(Array.from({ length: 10 }, () => ({ query: '{ __typename }' })))).results).toHaveLength(10)
  })

  it('is answered at once, also where parts of it might come later', async () => {
    const { headers, results } = await send(
      [{ query: '{ posts(first: 1) { totalCount ... @defer { nodes { title } } } }' }, { query: '{ __typename }' }],
      {
        accept: 'multipart/mixed;deferSpec=20220824, application/json',
      },
    )
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(results).toMatchObject([{ data: { posts: { totalCount: 3, nodes: [{ title: expect.any(String) }] } } }, { data: {} }])
  })

  it('holds each operation to its own bounds', async () => {
    const { results } = await send([{ query: `{ ${'posts { nodes { id } } '.repeat(5_000)} }` }, { query: '{ __typename }' }])
    expect(results.map(({ data, errors }) => data ?? errors?.[0]?.extensions?.code)).toEqual(['TOO_COMPLEX', { __typename: 'Query' }])
  })
})
