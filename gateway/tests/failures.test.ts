import { conflict, internalServerError, subgraphUnavailable } from '@ashlar/kit/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AS_USER, codesOf, type Running, startGateway } from './support/running-gateway.js'
import { town, userId } from './support/town.js'

const { users, posts, all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all, limits: { fetchMs: 200 } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  reset()
  running.lines.length = 0
})

const SCREEN = '{ posts(first: 2) { nodes { title author { username } comments { nodes { text } } } } }'

const REASON = 'connect ECONNREFUSED 10.1.2.3:5432'
const throwing = async () => {
  throw new Error(REASON)
}
const hanging = () => new Promise<never>(() => {})
const answering = (answer: unknown) => async () => answer as never

/** Nothing of where and what a service is gets out. */
function expectNothingInternal(text: string) {
  expect(text).not.toMatch(/10\.1\.2\.3|ECONNREFUSED|serviceName|stacktrace|\bat async\b|subgraph/)
}

describe('a service that does not answer', () => {
  it('is missed by nobody while it does', async () => {
    const { status, json } = await running.ask(SCREEN)
    expect(status).toBe(200)
    expect(json.errors).toBeUndefined()
    expect(json.data?.posts.nodes).toHaveLength(2)
    expect(json.data?.posts.nodes[0]).toEqual({
      title: expect.any(String),
      author: { username: expect.any(String) },
      comments: { nodes: [{ text: 'well said' }] },
    })
  })

  it.each([
    ['throws', throwing],
    ['hangs', hanging],
  ])('costs its own fields and no more when it %s', async (_, behaviour) => {
    users.behave(behaviour)
    const response = await running.ask(SCREEN)
    expect(response.status).toBe(200)
    const { data, errors } = response.json
    expect(data?.posts.nodes.map(({ title, author }: { title: string; author: null }) => [title.length > 0, author])).toEqual([
      [true, null],
      [true, null],
    ])
    expect(data?.posts.nodes[0].comments.nodes).toHaveLength(1)
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(errors?.[0]?.path).toEqual(['posts', 'nodes', 0, 'author', 'username'])
    expect(errors?.[0]?.extensions).toEqual({ code: 'SUBGRAPH_UNAVAILABLE', retryAfterSeconds: expect.any(Number) })
    expectNothingInternal(response.text)
    expect(running.lines.filter(({ service }) => service === 'users')).toHaveLength(1)
  })

  it('is named at each root field that it was asked for, while the other services answer', async () => {
    posts.behave(throwing)
    const response = await running.ask('{ a: posts { nodes { id } } b: posts { totalCount } users { nodes { username } } }')
    expect(response.json.data).toEqual({ a: null, b: null, users: { nodes: [expect.anything(), expect.anything()] } })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE', 'SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.map(({ path }) => path)).toEqual([['a'], ['b']])
  })

  it('leaves it open whether a write has happened', async () => {
    posts.behave(hanging)
    const response = await running.ask('mutation { createPost(input: { title: "a" }) { id } }')
    expect(response.json.data).toEqual({ createPost: null })
    expect(response.json.errors?.[0]).toMatchObject({
      path: ['createPost'],
      extensions: { code: 'SUBGRAPH_UNAVAILABLE', outcome: 'UNKNOWN' },
    })
  })

  it('is believed when it says itself that it can not, without a line of the log', async () => {
    posts.behave(async () => {
      throw subgraphUnavailable({ retryAfterSeconds: 9 })
    })
    const response = await running.ask('mutation { createPost(input: { title: "a" }) { id } }')
    expect(response.json.errors?.[0]?.extensions).toEqual({ code: 'SUBGRAPH_UNAVAILABLE', retryAfterSeconds: 9 })
    expect(running.lines).toEqual([])
  })

  it.each(['users', 'posts'])('takes nobody away who is signed in: %s', async (down) => {
    const all = { users, posts }
    all[down as keyof typeof all].behave(throwing)
    const response = await running.ask('{ viewer { id email postCount } }', {}, AS_USER)
    expect(response.json.data?.viewer).toEqual({
      id: userId(1),
      email: down === 'users' ? null : 'ada@example.com',
      postCount: down === 'posts' ? null : 3,
    })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
  })

  it('takes nobody away either when it answers with null for the viewer', async () => {
    users.behave(answering({ data: { viewer: null }, errors: [{ message: 'no', path: ['viewer'], extensions: { code: 'FORBIDDEN' } }] }))
    const response = await running.ask('{ viewer { id email postCount } }', {}, AS_USER)
    expect(response.json.data?.viewer).toEqual({ id: userId(1), email: null, postCount: 3 })
    expect(codesOf(response)).toEqual(['FORBIDDEN'])
  })

  it('answers again once it can', async () => {
    users.behave(throwing)
    await running.ask(SCREEN)
    users.behave(undefined)
    expect((await running.ask(SCREEN)).json.errors).toBeUndefined()
  })
})

describe('a service that answers garbage', () => {
  it.each([
    [undefined],
    [null],
    ['text'],
    [5],
    [[]],
    [{}],
    [{ data: null }],
    [{ data: [] }],
    [{ data: 'text' }],
    [{ data: {}, errors: 'text' }],
    [{ data: {}, errors: [null] }],
    [{ data: {}, errors: ['text'] }],
  ])('costs its own fields and no more: %j', async (answer) => {
    posts.behave(answering(answer))
    const response = await running.ask('{ posts { nodes { title labels older { __typename title } } } users { totalCount } }')
    expect(response.status).toBe(200)
    expect(response.json.data).toEqual({ posts: null, users: { totalCount: 2 } })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.[0]?.path).toEqual(['posts'])
    expect(running.lines).toHaveLength(1)
  })

  it.each<[unknown, ...unknown[][]]>([
    [5, []],
    [[], []],
    [{ nodes: {} }, ['nodes']],
    [{ nodes: 'text' }, ['nodes']],
    [{ nodes: [5] }, ['nodes', 0]],
    [{ nodes: [[]] }, ['nodes', 0]],
    [{ nodes: [{ title: 'a', labels: 'a' }] }, ['nodes', 0, 'labels']],
    [{ nodes: [{ title: 'a' }, { title: 5, labels: [] }] }, ['nodes', 0, 'labels'], ['nodes', 1, 'title']],
  ])('costs what must not be null around what is no such thing, and says where: %j', async (answer, ...places) => {
    posts.behave(answering({ data: { posts: answer } }))
    const response = await running.ask('{ posts { nodes { title labels older { __typename title } } } users { totalCount } }')
    expect(response.status).toBe(200)
    expect(response.json.data).toEqual({ posts: null, users: { totalCount: 2 } })
    expect(codesOf(response)).toEqual(places.map(() => 'SUBGRAPH_UNAVAILABLE'))
    expect(response.json.errors?.map(({ path }) => path)).toEqual(places.map((place) => ['posts', ...place]))
    expect(running.lines).toHaveLength(1)
  })

  it('costs no more than the nearest thing that may be null', async () => {
    posts.behave(answering({ data: { posts: { nodes: [{ title: 'a', labels: ['a'], older: { title: 5 } }] } } }))
    const response = await running.ask('{ posts { nodes { title labels older { __typename title } } } users { totalCount } }')
    expect(response.json.data).toEqual({ posts: { nodes: [{ title: 'a', labels: ['a'], older: null }] }, users: { totalCount: 2 } })
    expect(response.json.errors?.map(({ path }) => path)).toEqual([['posts', 'nodes', 0, 'older', 'title']])
  })

  it.each([
    [{ data: {} }],
    [{ data: { _entities: null } }],
    [{ data: { _entities: {} } }],
    [{ data: { _entities: [] } }],
    [{ data: { _entities: ['text'] } }],
    [{ data: { _entities: [{ __typename: 'User', username: 'a' }, null, null] } }],
  ])('costs its own fields of entities: %j', async (answer) => {
    users.behave(answering(answer))
    const response = await running.ask('{ posts(first: 1) { nodes { title author { username } } } }')
    expect(response.json.data?.posts.nodes).toEqual([{ title: expect.any(String), author: null }])
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.[0]?.path).toEqual(['posts', 'nodes', 0, 'author', 'username'])
  })

  it('is held to its types by null, and to the names of types that there are', async () => {
    posts.behave(answering({ data: { post: { id: 'a', title: { no: 'string' }, older: { __typename: 'Nothing', title: 'b' } } } }))
    const response = await running.ask('{ post(id: "a") { older { __typename title } } users { totalCount } }')
    expect(response.status).toBe(200)
    expect(response.json.data).toEqual({ post: { older: null }, users: { totalCount: 2 } })
  })

  it('decides neither the status nor the headers of the answer', async () => {
    const http = { status: 302, headers: new Map([['location', 'https://evil.example']]) }
    posts.behave(
      answering({ data: { posts: null }, errors: [{ message: 'no', extensions: { code: 'FORBIDDEN', http, stacktrace: ['at a'] } }] }),
    )
    const response = await running.ask('{ posts { totalCount } }')
    expect(response.status).toBe(200)
    expect(response.headers.location).toBeUndefined()
    expect(response.json.errors?.[0]).toEqual({ message: 'no', path: ['posts'], extensions: { code: 'FORBIDDEN' } })
  })
})

describe("a service's errors", () => {
  it('come as they were meant, with their path', async () => {
    const { message, extensions } = conflict({ field: 'slug' })
    posts.behave(answering({ data: { createPost: null }, errors: [{ message, extensions, path: ['createPost'] }] }))
    const response = await running.ask('mutation { createPost(input: { title: "a" }) { id } }')
    expect(response.json.errors).toEqual([{ message, path: ['createPost'], extensions: { code: 'CONFLICT', field: 'slug' } }])
  })

  it('come at the place of the entity that they are about', async () => {
    users.behave(
      answering({
        data: { _entities: [null] },
        errors: [{ message: 'no', path: ['_entities', 0, 'username'], extensions: { code: 'FORBIDDEN' } }],
      }),
    )
    const response = await running.ask('{ posts(first: 1) { nodes { author { username } } } }')
    expect(response.json.errors?.[0]).toMatchObject({
      path: ['posts', 'nodes', 0, 'author', 'username'],
      extensions: { code: 'FORBIDDEN' },
    })
  })

  it.each([
    [{ message: REASON }],
    [{ message: REASON, path: ['posts'], extensions: { code: 'ECONNREFUSED' } }],
    [{ message: REASON, path: 'posts', extensions: 'text' }],
    [{ message: REASON, path: [{}], extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
    [{ message: REASON, extensions: { code: 'GRAPHQL_VALIDATION_FAILED', serviceName: 'posts' } }],
    [{ message: REASON, extensions: { code: 'DOWNSTREAM_SERVICE_ERROR' } }],
  ])('are masked and logged once where nobody meant them: %j', async (error) => {
    posts.behave(answering({ data: { posts: null }, errors: [error] }))
    const response = await running.ask('{ posts { totalCount } }')
    const [masked] = response.json.errors ?? []
    expect(masked?.path).toEqual(['posts'])
    expect(masked?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) })
    expectNothingInternal(response.text)
    expect(running.lines.map(({ errorId }) => errorId)).toEqual([masked?.extensions?.errorId])
    expect(JSON.stringify(running.lines[0])).toContain(REASON)
  })

  it('are not masked twice', async () => {
    const { message, extensions } = internalServerError('one-id')
    posts.behave(answering({ data: { posts: null }, errors: [{ message, extensions, path: ['posts'] }] }))
    const response = await running.ask('{ posts { totalCount } }')
    expect(response.json.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', errorId: 'one-id' })
    expect(running.lines).toEqual([])
  })
})
