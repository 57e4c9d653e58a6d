import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Running, startGateway } from './support/running-gateway.js'
import { town } from './support/town.js'

const { users, posts, comments, all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all, limits: { operationMs: 1_000, fetchMs: 60_000 } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(reset)

const never = () => new Promise<never>(() => {})
const told = (errors: readonly { message: string; path?: readonly unknown[]; extensions?: object }[] | undefined) =>
  errors?.map(({ message, path, extensions }) => ({ message, path, ...extensions }))
const OVERDUE = { message: 'The operation took longer than 1 s.', code: 'SUBGRAPH_UNAVAILABLE', retryAfterSeconds: 5 }

describe('an operation that takes too long', () => {
  it('ends, and what has been answered by then comes back', async () => {
    comments.behave(never)
    const { json } = await running.ask('{ posts(first: 1) { nodes { title comments { totalCount } } } users { totalCount } }')
    expect(json.data).toEqual({ posts: { nodes: [{ title: expect.any(String), comments: null }] }, users: { totalCount: 2 } })
    expect(told(json.errors)).toEqual([{ ...OVERDUE, path: ['posts', 'nodes', 0, 'comments'] }])
  })

  it('leaves open what came of a write', async () => {
    posts.behave(never)
    const { json } = await running.ask('mutation { createPost(input: { title: "a" }) { id } }')
    expect(json.data).toEqual({ createPost: null })
    expect(told(json.errors)).toEqual([{ ...OVERDUE, path: ['createPost'], outcome: 'UNKNOWN' }])
  })

  it('asks nobody any more', async () => {
    posts.behave(never)
    await running.ask('mutation { createPost(input: { title: "a" }) { id } signOut }')
    expect(posts.calls).toHaveLength(1)
    expect(users.calls).toHaveLength(0)
  })
})
