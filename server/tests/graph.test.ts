import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { countStatements } from '@ashlar/database/testing'
import type { Subgraph } from '@ashlar/kit/define-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadSubgraphs } from '../src/subgraphs.js'
import { ask, signUp, startTestApp, type TestApp } from './app/test-app.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CHECK = fileURLToPath(new URL('../../../shared/tools/contract-check.mjs', import.meta.url))

let test: TestApp
let token: string
const posts: string[] = []

beforeAll(async () => {
  test = await startTestApp()
  for (const username of ['ada', 'grace', 'edsger']) {
    token = (await signUp(test.url, username)).accessToken
    for (let n = 0; n < 8; n += 1) {
      const { data } = await test.ask(
        'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } } }',
        { input: { title: `${username} writes ${n}`, content: 'Text.', publish: true } },
        { token },
      )
      posts.push(data.createPost.post.id)
    }
  }
}, 60_000)
afterAll(() => test.close())

describe('the graph', () => {
  const contract = existsSync(CHECK) ? it : it.skip
  contract('lacks nothing of what users, posts and helloworld promise but what comes with later issues', async () => {
    const lines = await new Promise<string[]>((resolve) =>
      execFile(process.execPath, [CHECK, `${test.url}/graphql`, '--only', 'users,posts,helloworld'], { cwd: ROOT }, (_, out) =>
        resolve(out.trim().split('\n')),
      ),
    )
    const later = /\bTag\b|promises broken$/
    expect(lines.filter((line) => !later.test(line))).toEqual([])
  })

  it('answers a list of posts with their authors in a fixed number of SQL statements', async () => {
    const statementsOf = async (first: number) => {
      const query = `{ posts(first: ${first}) { nodes { title author { username } } } }`
      await test.ask(query)
      const { result, statements } = await countStatements(() => test.ask(query), { of: 'process' })
      expect(result.data.posts.nodes).toHaveLength(first)
      expect(result.data.posts.nodes.every((post: { author: unknown }) => post.author)).toBe(true)
      // Jobs and logs look by themselves, whatever is asked.
      return statements.filter((text) => !/\b(job|event|log_head|consumer)\b/.test(text)).length
    }
    const counts = [await statementsOf(1), await statementsOf(5), await statementsOf(20)]
    expect(counts).toEqual([2, 2, 2])
  })

  it('answers anything by its id, and null for a made-up one', async () => {
    const { data: own } = await test.ask('{ viewer { id user { id username } } }', {}, { token })
    expect(own.viewer.id).toBe(own.viewer.user.id)
    const [post = ''] = posts
    const madeUp = `${post.slice(0, -4)}0000`
    const { data, errors } = await test.ask(
      'query ($ids: [ID!]!, $id: ID!) { node(id: $id) { id ... on Post { title } } nodes(ids: $ids) { __typename id } }',
      { ids: [own.viewer.id, madeUp, post], id: post },
    )
    expect(errors).toBeUndefined()
    expect(data).toEqual({
      node: { id: post, title: 'ada writes 0' },
      nodes: [{ __typename: 'User', id: own.viewer.id }, null, { __typename: 'Post', id: post }],
    })
  })

  it('answers somebody who signs in with what is theirs, in the same request', async () => {
    const { data, errors } = await test.ask(
      'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id email scopes user { username role } } tokens { accessToken } } }',
      { input: { login: 'ada', password: 'a good password of ada' } },
    )
    expect(errors).toBeUndefined()
    expect(data.signIn.viewer).toMatchObject({ email: 'ada@example.com', user: { username: 'ada', role: 'USER' } })
  })

  it('fails the whole request for an ended token, but not signing in', async () => {
    await signUp(test.url, 'leaver').then(async ({ accessToken }) => {
      await test.ask('mutation { signOut { ok } }', {}, { token: accessToken })
      const refused = await test.ask('{ hello { text } }', {}, { token: accessToken })
      expect([refused.status, refused.data, refused.errors?.[0]?.extensions?.code]).toEqual([401, undefined, 'UNAUTHENTICATED'])
      const again = await test.ask(
        'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }',
        { input: { login: 'leaver', password: 'a good password of leaver' } },
        { token: accessToken },
      )
      expect(again.data.signIn.tokens.accessToken).toEqual(expect.any(String))
    })
  })

  it('refuses what may cost more than the budget before anything is asked, and says how much it is', async () => {
    const dear = '{ posts(first: 100) { nodes { author { posts(first: 100) { nodes { author { username } } totalCount } } } } }'
    const { status, data, errors } = await test.ask(dear)
    expect({ status, data }).toEqual({ status: 400, data: undefined })
    // Each of 100 posts with an author, whose page has 100 posts with an author each, and is counted.
    const cost = 1 + 100 * (1 + 1 + (1 + 100 * 2 + 10))
    expect(errors?.[0]?.extensions).toEqual({ code: 'TOO_COMPLEX', cost, limit: 15_000 })
    expect((await test.ask(dear.replaceAll('100', '50'))).errors).toBeUndefined()
  })

  it('still lists the posts when the users service fails', async () => {
    const failing = (await loadSubgraphs()).map((definition) =>
      definition.name === 'users' ? withExecute(definition, () => Promise.reject(new Error('down'))) : definition,
    )
    await using broken = await startTestApp({ subgraphs: failing, env: { DEMO: '1' } })
    const { data, errors } = await ask(broken.url, '{ posts { nodes { title author { username } } } hello { text } }')
    expect(data.posts.nodes.length).toBeGreaterThan(5)
    expect(data.posts.nodes.every((post: { title: string; author: unknown }) => post.title && post.author === null)).toBe(true)
    expect(data.hello.text).toBe('Hello, world!')
    expect(errors?.map(({ extensions }) => extensions?.code)).toEqual(['SUBGRAPH_UNAVAILABLE'])
  }, 60_000)
})

function withExecute(definition: Subgraph<unknown, unknown>, execute: () => Promise<never>): Subgraph<unknown, unknown> {
  return { ...definition, start: (deps) => ({ ...definition.start(deps), execute }) }
}
