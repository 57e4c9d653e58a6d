import { DEMO_PEOPLE, demoSignUp, demoUserId } from '@ashlar/kit/demo'
import { encodeId } from '@ashlar/kit/ids'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { change, idBySlug, type PostsTest, read, startPosts } from './writing.js'

interface DemoRow {
  readonly id: string
  readonly slug: string
  readonly kind: string
  readonly html: string
  readonly excerpt: string
  readonly status: string
  readonly createdAt: string
  readonly revision: number
  readonly author: { readonly id: string }
}

const moderator = askingAs({ role: 'MODERATOR' })
const ALL = '(first: 100, filter: { status: $status }) { nodes { id slug kind html excerpt status createdAt revision author { id } } }'

let test: PostsTest
const rowsOf = async (running: PostsTest, status: string): Promise<DemoRow[]> =>
  (await running.data<{ posts: { nodes: DemoRow[] } }>(`query ($status: PostStatus) { posts${ALL} }`, { status }, moderator)).posts.nodes

beforeAll(async () => {
  test = await startPosts()
  await test.subgraph.demo()
})
afterAll(() => test.close())

describe("the demo's posts", () => {
  it('are of each kind, published and not, by people who had signed up', async () => {
    const [published, drafts] = [await rowsOf(test, 'PUBLISHED'), await rowsOf(test, 'DRAFT')]
    expect(published.length).toBeGreaterThanOrEqual(20)
    expect(drafts.length).toBeGreaterThanOrEqual(2)
    expect(new Set(published.map(({ kind }) => kind))).toEqual(new Set(['post', 'page', 'changelog']))
    const signUps = new Map(DEMO_PEOPLE.map((person) => [encodeId('user', demoUserId(person)), demoSignUp(person)]))
    for (const { author, createdAt } of [...published, ...drafts])
      expect(Date.parse(createdAt)).toBeGreaterThan(signUps.get(author.id)?.getTime() ?? Number.POSITIVE_INFINITY)
    expect(new Set([...published, ...drafts].map(({ author }) => author.id)).size).toBe(DEMO_PEOPLE.length)
  })

  it('are found under their slugs, with a text that is whole', async () => {
    for (const { id, slug, html, excerpt } of await rowsOf(test, 'PUBLISHED')) {
      expect(await idBySlug(test, slug, askingAsNobody())).toBe(id)
      expect(html).toMatch(/^<p>/)
      expect(html).not.toMatch(/undefined|\[object/)
      expect(excerpt.length).toBeGreaterThan(40)
    }
  })

  it('are the same in every instance, and no more after another start', async () => {
    const before = await rowsOf(test, 'PUBLISHED')
    await test.subgraph.demo()
    expect(await rowsOf(test, 'PUBLISHED')).toEqual(before)
    await using other = await startPosts()
    await other.subgraph.demo()
    expect(await rowsOf(other, 'PUBLISHED')).toEqual(before)
  })

  it('stay as somebody has changed them', async () => {
    const id = (await idBySlug(test, 'about')) ?? ''
    await change(test, moderator, 'updatePost', { postId: id, title: 'Changed', slug: 'about-us' })
    await test.subgraph.demo()
    expect(await read(test, id)).toMatchObject({ title: 'Changed', slug: 'about-us' })
    expect(await idBySlug(test, 'about')).toBe(id)
  })
})
