import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { change, type PostsTest, read, startPosts, userIdOf, write } from './writing.js'

let test: PostsTest
const [ada, bob] = [askingAs(), askingAs()]
const moderator = askingAs({ role: 'MODERATOR' })
const LIST = `query ($filter: PostFilter, $orderBy: PostOrder! = NEWEST, $first: Int! = 20, $after: String) {
  posts(filter: $filter, orderBy: $orderBy, first: $first, after: $after) { totalCount nodes { title } pageInfo { endCursor hasNextPage hasPreviousPage } }
}`

interface Titles {
  readonly posts: {
    readonly totalCount: number
    readonly nodes: readonly { readonly title: string }[]
    readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean; readonly hasPreviousPage: boolean }
  }
}

async function titles(filter: object | null, orderBy = 'NEWEST', asking = askingAsNobody()): Promise<string[]> {
  const { posts } = await test.data<Titles>(LIST, { filter, orderBy }, asking)
  expect(posts.totalCount).toBe(posts.nodes.length)
  return posts.nodes.map(({ title }) => title)
}

beforeAll(async () => {
  test = await startPosts()
  const post = async (asking: typeof ada, title: string, day: number, kind = 'post') => {
    const { id } = await write(test, asking, { title, kind, publish: false })
    await change(test, asking, 'publishPost', { postId: id, publishAt: `2026-01-0${day}T12:00:00Z` })
    return id
  }
  const first = await post(ada, 'beta', 1)
  await post(bob, 'Alpha', 2, 'page')
  await post(ada, 'gamma', 3)
  await post(bob, 'Délta', 4)
  await write(test, ada, { title: 'draft of Ada', publish: false })
  await write(test, bob, { title: 'draft of Bob', publish: false })
  const { id } = await write(test, ada, { title: 'scheduled by Ada', publish: false })
  await change(test, ada, 'publishPost', { postId: id, publishAt: '2100-01-01T00:00:00Z' })
  await change(test, ada, 'updatePost', { postId: first, metadata: { touched: true } })
})
afterAll(() => test.close())

describe('posts', () => {
  it('come in each order', async () => {
    expect(await titles(null)).toEqual(['Délta', 'gamma', 'Alpha', 'beta'])
    expect(await titles(null, 'OLDEST')).toEqual(['beta', 'Alpha', 'gamma', 'Délta'])
    expect(await titles(null, 'TITLE')).toEqual(['Alpha', 'beta', 'Délta', 'gamma'])
    expect(await titles(null, 'RECENTLY_UPDATED')).toEqual(['beta', 'Délta', 'gamma', 'Alpha'])
  })

  it.each(['NEWEST', 'OLDEST', 'TITLE', 'RECENTLY_UPDATED'])(
    'page in the order %s without a gap, while others come and go',
    async (orderBy) => {
      const whole = await titles(null, orderBy)
      const seen: string[] = []
      for (let after: string | null = null, more = true; more; ) {
        const { posts }: Titles = await test.data<Titles>(LIST, { orderBy, first: 1, after })
        seen.push(...posts.nodes.map(({ title }) => title))
        expect(posts.pageInfo.hasPreviousPage).toBe(after !== null)
        after = posts.pageInfo.endCursor
        more = posts.pageInfo.hasNextPage
      }
      expect(seen).toEqual(whole)
    },
  )

  it('can be chosen by author, kind and time', async () => {
    expect(await titles({ authorId: userIdOf(ada) })).toEqual(['gamma', 'beta'])
    expect(await titles({ kind: 'page' })).toEqual(['Alpha'])
    expect(await titles({ authorId: userIdOf(ada), kind: 'page' })).toEqual([])
    expect(await titles({ publishedAfter: '2026-01-02T12:00:00Z' })).toEqual(['Délta', 'gamma'])
    expect(await titles({ publishedBefore: '2026-01-02T12:00:00Z' })).toEqual(['beta'])
    expect(await titles({ authorId: encodeId('user', newId()) })).toEqual([])
    expect(
      await titles({ authorId: null, status: null, kind: null, tag: null, fromFeed: null, search: null, updatedAfter: null }),
    ).toHaveLength(4)
  })

  it('are those changed after the time of the last one that was read', async () => {
    const { posts } = await test.data<{ posts: { nodes: { updatedAt: string }[] } }>(
      '{ posts(orderBy: RECENTLY_UPDATED) { nodes { updatedAt } } }',
    )
    expect(await titles({ updatedAfter: posts.nodes[0]?.updatedAt })).toEqual([])
    expect(await titles({ updatedAfter: posts.nodes[1]?.updatedAt })).toEqual(['beta'])
  })

  it('show drafts and scheduled ones to whom they belong, and to moderators', async () => {
    expect(await titles({ status: 'DRAFT' }, 'NEWEST', ada)).toEqual(['draft of Ada'])
    expect(await titles({ status: 'DRAFT', authorId: userIdOf(bob) }, 'NEWEST', ada)).toEqual([])
    expect(await titles({ status: 'SCHEDULED' }, 'NEWEST', ada)).toEqual(['scheduled by Ada'])
    expect(await titles({ status: 'DRAFT' }, 'OLDEST', moderator)).toEqual(['draft of Ada', 'draft of Bob'])
    expect(await titles({ status: 'DRAFT' }, 'TITLE')).toEqual([])
  })

  it('come from feeds once there is a feeds service', async () => {
    expect(await titles({ fromFeed: true })).toEqual([])
    expect(await titles({ fromFeed: false })).toHaveLength(4)
  })

  it('refuse a cursor of another filter, order or list', async () => {
    const { posts } = await test.data<Titles>(LIST, { first: 1 })
    const after = posts.pageInfo.endCursor
    const refused = [
      await test.ask(LIST, { after, orderBy: 'OLDEST' }),
      await test.ask(LIST, { after, orderBy: 'TITLE' }),
      await test.ask(LIST, { after, filter: { kind: 'page' } }),
      await test.ask('query ($after: String) { viewer { posts(after: $after) { totalCount } } }', { after }, ada),
    ]
    for (const answer of refused) expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['after']])
  })

  it('name every issue of a filter', async () => {
    const filter = { authorId: 'post_01h00000000000000000000000', kind: 'a b', tag: 'news', search: 'x'.repeat(201) }
    const answer = await test.ask(LIST, { filter })
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(issuePathsOf(answer).sort()).toEqual(['filter.authorId', 'filter.kind', 'filter.search', 'filter.tag'])
    for (const search of ['', ' ', 'a\0b', '\ud800'])
      expect(issuePathsOf(await test.ask(LIST, { filter: { search } }))).toEqual(['filter.search'])
    expect(issuePathsOf(await test.ask(LIST, { orderBy: 'RELEVANCE' }))).toEqual(['orderBy'])
    expect(issuePathsOf(await test.ask(LIST, { filter: { publishedAfter: '2026-02-31T00:00:00Z' } }))).toHaveLength(1)
  })
})

describe('newer and older', () => {
  it('are the next and previous published post of the same kind', async () => {
    const query = '{ posts { nodes { title newer { title } older { title } } } }'
    const { posts } = await test.data<{ posts: { nodes: { title: string; newer: object | null; older: object | null }[] } }>(query)
    expect(posts.nodes).toEqual([
      { title: 'Délta', newer: null, older: { title: 'gamma' } },
      { title: 'gamma', newer: { title: 'Délta' }, older: { title: 'beta' } },
      { title: 'Alpha', newer: null, older: null },
      { title: 'beta', newer: { title: 'gamma' }, older: null },
    ])
  })

  it('are null for a draft', async () => {
    const { id } = await write(test, ada, { title: 'no neighbours', publish: false })
    const query = 'query ($id: ID!) { post(id: $id) { newer { id } older { id } } }'
    expect(await test.data(query, { id }, ada)).toEqual({ post: { newer: null, older: null } })
  })

  it('tell apart posts of the same moment', async () => {
    const ids: string[] = []
    for (const title of ['one', 'two', 'three']) {
      const { id } = await write(test, ada, { title, kind: 'moment', publish: false })
      await change(test, ada, 'publishPost', { postId: id, publishAt: '2026-01-05T00:00:00Z' })
      ids.push(id)
    }
    const query = 'query ($id: ID!) { post(id: $id) { newer { id newer { id newer { id } } } } }'
    const [oldest, middle, newest] = ids.toSorted()
    expect(await test.data(query, { id: oldest })).toEqual({ post: { newer: { id: middle, newer: { id: newest, newer: null } } } })
  })
})

it("answers each user's published posts and their number", async () => {
  const query = `query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { id postCount posts(first: 1) { nodes { title author { id } } totalCount } } } }`
  const users = [ada, bob, askingAs()].map((asking) => ({ __typename: 'User', id: userIdOf(asking) }))
  const { _entities } = await test.data<{ _entities: { postCount: number; posts: { nodes: object[]; totalCount: number } }[] }>(query, {
    users,
  })
  expect(_entities[1]).toEqual({
    id: userIdOf(bob),
    postCount: 2,
    posts: { nodes: [{ title: 'Délta', author: { id: userIdOf(bob) } }], totalCount: 2 },
  })
  expect(_entities[2]).toMatchObject({ postCount: 0, posts: { nodes: [], totalCount: 0 } })
  const wrong = await test.ask(query, { users: [{ __typename: 'User', id: 'post_01h00000000000000000000000' }] })
  expect(new Set(codesOf(wrong))).toEqual(new Set(['BAD_USER_INPUT']))
})

it('makes HTML, excerpt and minutes when a post is written', async () => {
  const content = `# Title\n\nSome *words* <script>alert(1)</script>[here](javascript:alert(1)).\n\n${'word '.repeat(500)}`
  const { id, html, excerpt } = await write(test, ada, { content })
  expect(html).toContain('<h1>Title</h1>')
  expect(html).not.toMatch(/<script|href/)
  expect(excerpt).toMatch(/^Title Some words .*…$/)
  expect([...excerpt].length).toBeLessThanOrEqual(280)
  expect(await test.data('query ($id: ID!) { post(id: $id) { readingMinutes } }', { id })).toEqual({ post: { readingMinutes: 3 } })
  expect((await change(test, ada, 'updatePost', { postId: id, excerpt: ' My own. ' })).excerpt).toBe('My own.')
  expect((await change(test, ada, 'updatePost', { postId: id, content: 'Other.' })).excerpt).toBe('My own.')
  expect((await change(test, ada, 'updatePost', { postId: id, excerpt: null })).excerpt).toBe('Other.')
  expect((await read(test, id))?.html).toBe('<p>Other.</p>')
})
