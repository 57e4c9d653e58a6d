import { internalServerError } from '@ashlar/kit/errors'
import { encodeId, newId } from '@ashlar/kit/ids'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AS_USER, codesOf, type Running, startGateway } from './support/running-gateway.js'
import { commentId, postId, town, userId } from './support/town.js'

const { users, posts, comments, all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all, limits: { fetchMs: 200 } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(reset)

const HIDDEN = postId(4)
const FORBIDDEN = postId(5)
const MADE_UP = encodeId('post', newId())
const OF_NO_TYPE = encodeId('unicorn', newId())
const NODE = 'query ($id: ID!) { node(id: $id) { __typename id ... on Post { title viewerCanEdit } ... on User { username } } }'
const NODES = 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Post { title } ... on User { username } } }'

describe('node', () => {
  it('answers anything by its id, whatever service has it', async () => {
    const found = await Promise.all(
      [postId(1), userId(1), commentId(1)].map(async (id) => (await running.ask(NODE, { id })).json.data?.node),
    )
    expect(found).toEqual([
      { __typename: 'Post', id: postId(1), title: expect.any(String), viewerCanEdit: true },
      { __typename: 'User', id: userId(1), username: expect.any(String) },
      { __typename: 'Comment', id: commentId(1) },
    ])
  })

  it.each([
    NODE,
    'query ($id: ID!) { node(id: $id) { id } }',
    'query ($id: ID!) { node(id: $id) { __typename } }',
    'query ($id: ID!) { node(id: $id) { ... on Post { comments { totalCount } } } }',
    'query ($id: ID!) { nodes(ids: [$id]) { id ... on Subject { id viewerCanEdit } } }',
  ])('answers for what is hidden with the very bytes of what was made up: %s', async (query) => {
    const answers = await Promise.all([MADE_UP, HIDDEN, FORBIDDEN, OF_NO_TYPE].map((id) => running.ask(query, { id })))
    expect(answers.map(({ status, text }) => ({ status, text }))).toEqual(Array(4).fill({ status: 200, text: answers[0]?.text }))
    expect(answers[0]?.json).toEqual({ data: query.includes('nodes(') ? { nodes: [null] } : { node: null } })
  })

  it('shows to who may see it what it hides from others', async () => {
    expect((await running.ask(NODE, { id: HIDDEN }, AS_USER)).json.data?.node).toMatchObject({ id: HIDDEN })
  })

  it.each([
    '',
    'post',
    'post_',
    'POST_01h455vb4pex5vsknk084sn02q',
    `${postId(1)}0`,
    'x'.repeat(100_000),
    '__proto__',
    '01h455vb4pex5vsknk084sn02q',
  ])('refuses what is no id at all (%#)', async (id) => {
    const response = await running.ask(NODE, { id })
    expect(response.json.data).toEqual({ node: null })
    expect(response.json.errors?.[0]).toMatchObject({
      path: ['node'],
      extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['id'], message: expect.any(String) }] },
    })
    expect(posts.calls).toHaveLength(0)
  })

  it('says when the owner can not answer', async () => {
    posts.behave(() => new Promise(() => {}))
    const response = await running.ask(NODE, { id: postId(1) })
    expect(response.json.data).toEqual({ node: null })
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.[0]?.path).toEqual(['node'])
  })
})

describe('nodes', () => {
  it('keeps the order of the ids and their doubles, with null for what is not there', async () => {
    const ids = [userId(2), postId(2), MADE_UP, HIDDEN, userId(2), OF_NO_TYPE, commentId(1), postId(1)]
    const { json } = await running.ask(NODES, { ids })
    expect(json.errors).toBeUndefined()
    expect(json.data?.nodes.map((node: { id: string } | null) => node?.id ?? null)).toEqual([
      userId(2),
      postId(2),
      null,
      null,
      userId(2),
      null,
      commentId(1),
      postId(1),
    ])
    expect(json.data?.nodes[0]).toEqual(json.data?.nodes[4])
  })

  it('asks each owner once for all that one step needs', async () => {
    const ids = [1, 2, 3].flatMap((n) => [postId(n), userId(n)])
    await running.ask(
      `query ($ids: [ID!]!) { a: node(id: "${postId(1)}") { id } b: node(id: "${postId(2)}") { id } nodes(ids: $ids) { id } }`,
      { ids },
    )
    expect([posts.calls.length, users.calls.length, comments.calls.length]).toEqual([1, 1, 0])
    expect(posts.calls[0]?.variables.representations).toHaveLength(3)
  })

  it('takes 100 ids and no more', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => postId(n))
    expect((await running.ask(NODES, { ids })).json.data?.nodes).toHaveLength(100)
    expect((await running.ask(NODES, { ids: [] })).json.data?.nodes).toEqual([])
    reset()
    const response = await running.ask(NODES, { ids: [...ids, postId(100)] })
    expect(response.json.errors?.[0]).toMatchObject({
      path: ['nodes'],
      extensions: { code: 'BAD_USER_INPUT', issues: [{ path: ['ids'] }] },
    })
    expect(posts.calls).toHaveLength(0)
  })

  it('names every malformed id by its place', async () => {
    const response = await running.ask(NODES, { ids: [postId(1), 'nonsense', userId(1), ''] })
    expect(response.json.errors?.[0]?.extensions).toMatchObject({
      code: 'BAD_USER_INPUT',
      issues: [{ path: ['ids', 1] }, { path: ['ids', 3] }],
    })
  })

  it('answers the rest, and says so once, when one owner is down', async () => {
    posts.behave(async () => {
      throw new Error('down')
    })
    const response = await running.ask(NODES, { ids: [postId(1), userId(1), postId(2), userId(2)] })
    expect(response.json.data?.nodes.map((node: object | null) => node !== null)).toEqual([false, true, false, true])
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.json.errors?.[0]?.path).toEqual(['nodes', 0])
  })

  it('passes on what an owner failed with, under its own id', async () => {
    const { message, extensions } = internalServerError('one-id')
    posts.behave(async () => ({ data: null, errors: [{ message, extensions }] }))
    const response = await running.ask(NODES, { ids: [postId(1), postId(2), userId(1)] })
    expect(response.json.data?.nodes).toEqual([null, null, expect.anything()])
    expect(response.json.errors?.map((error) => error.extensions)).toEqual([extensions])
  })
})

describe('Viewer.id', () => {
  it("is the caller's, from the token alone", async () => {
    expect((await running.ask('{ viewer { id } }', {}, AS_USER)).json).toEqual({ data: { viewer: { id: userId(1) } } })
    expect(all.flatMap(({ calls }) => calls)).toHaveLength(0)
  })

  it('is nobody without a token', async () => {
    expect((await running.ask('{ viewer { id email postCount } }')).json).toEqual({ data: { viewer: null } })
  })

  it('is who has just signed in', async () => {
    const { json } = await running.ask('mutation { signIn(login: "a") { viewer { id email } token } }')
    expect(json).toEqual({ data: { signIn: { viewer: { id: userId(1), email: 'ada@example.com' }, token: 't' } } })
  })
})
