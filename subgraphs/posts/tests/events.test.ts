import { countStatements } from '@ashlar/database/testing'
import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { cursorNow, kindsOf, pageOf, toldSince } from './watching.js'
import { atOnce, change, type PostsTest, read, startPosts, tell, userIdOf, write } from './writing.js'

const DAY_MS = 24 * 60 * 60 * 1_000

let test: PostsTest
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
})
afterEach(() => test.database.shiftClock('posts', '0'))
afterAll(() => test.close())

const update = (postId: string, input: object) => change(test, author, 'updatePost', { postId, ...input })
const publish = (postId: string, publishAt?: string) => change(test, author, 'publishPost', { postId, publishAt })
const unpublish = (postId: string) => change(test, author, 'unpublishPost', { postId })
const remove = (postId: string) => tell(test, author, 'deletePost', { postId }, 'deletedPostId')

describe('the log tells', () => {
  it('each change that concerns a published post, in order and once', async () => {
    const start = await cursorNow(test)
    const { id } = await write(test, author, { title: 'Told', slug: 'told', idempotencyKey: 'told' })
    await write(test, author, { title: 'Told', slug: 'told', idempotencyKey: 'told' })
    await update(id, { content: 'other words', slug: 'told-again', idempotencyKey: 'k' })
    await update(id, { content: 'other words', slug: 'told-again', idempotencyKey: 'k' })
    await change(test, author, 'restorePostRevision', { postId: id, revision: 1 })
    await publish(id)
    await publish(id, '2001-01-01T00:00:00Z')
    await unpublish(id)
    await publish(id)
    await remove(id)
    const events = await toldSince(test, start)
    expect(kindsOf(events)).toEqual([
      'PostPublished',
      'PostChanged',
      'PostChanged',
      'PostChanged',
      'PostRemoved',
      'PostPublished',
      'PostRemoved',
    ])
    expect(events.every(({ postId, post }) => postId === id && post === null)).toBe(true)
    expect(events.map(({ slug }) => slug)).toEqual(['told', ...Array(6).fill('told-again')])
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted())
  })

  it('nothing of drafts, of what changes nothing, and of what is undone', async () => {
    const start = await cursorNow(test)
    const { id } = await write(test, author, { publish: false })
    await update(id, { title: 'Still a draft' })
    await publish(id, new Date(Date.now() + DAY_MS).toISOString())
    await update(id, { title: 'Planned' })
    await unpublish(id)
    await remove(id)
    const { id: published } = await write(test, author)
    const behind = await cursorNow(test)
    await update(published, {})
    expect(codesOf(await tell(test, author, 'updatePost', { postId: published, title: 'x', expectedRevision: 77 }))).toEqual(['CONFLICT'])
    await write(test, author, { slug: 'taken' })
    expect(codesOf(await tell(test, author, 'updatePost', { postId: published, slug: 'taken' }))).toEqual(['CONFLICT'])
    expect((await toldSince(test, start)).map(({ postId }) => postId)).not.toContain(id)
    expect(await toldSince(test, behind, { postId: published })).toEqual([])
  })

  it('what is published at its time, and removed when it is put off', async () => {
    const start = await cursorNow(test)
    const { id } = await write(test, author)
    await publish(id, new Date(Date.now() + DAY_MS).toISOString())
    expect(kindsOf(await toldSince(test, start))).toEqual(['PostRemoved'])
    await test.database.shiftClock('posts', '1 day 1 minute')
    await until(async () => (await toldSince(test, start, { postId: id })).length === 3)
    expect(kindsOf(await toldSince(test, start, { postId: id }))).toEqual(['PostPublished', 'PostRemoved', 'PostPublished'])
    await remove(id)
  })

  it('the order of changes that come at once', async () => {
    const { id } = await write(test, author)
    const start = await cursorNow(test)
    await atOnce(40, (index) => update(id, { slug: `contested-${index}`, title: `contested-${index}` }))
    const slugs = (await toldSince(test, start)).map(({ slug }) => slug)
    const revisions = (await read(test, id, author))?.revisions?.nodes ?? []
    expect(slugs).toHaveLength(40)
    expect(slugs.toReversed()).toEqual(revisions.slice(0, 40).map(({ title }) => title))
  })

  it('ids and scalars alone, so that what is deleted is gone', async () => {
    const { id } = await write(test, author, { title: 'A secret title', content: 'secret words', excerpt: 'a secret' })
    await update(id, { kind: 'page', metadata: { secret: true } })
    await remove(id)
    const rows = await test.database.service('posts').query<{ data: Record<string, unknown> }>('select data from event')
    const keys = new Set(rows.flatMap(({ data }) => Object.keys(data)))
    expect([...keys].sort()).toEqual(['authorId', 'formerKind', 'kind', 'postId', 'slug', 'wasPublished'])
    expect(JSON.stringify(rows.filter(({ data }) => encodeId('post', String(data.postId)) === id))).not.toContain('secret words')
  })
})

describe('a page of the log', () => {
  it('shows each thing as it is now, and leaves out what is hidden but for its removal', async () => {
    const start = await cursorNow(test)
    const [kept, deleted, hidden] = await Promise.all([1, 2, 3].map((n) => write(test, author, { title: `Page ${n}` })))
    const ids = [kept, deleted, hidden].map((post) => post?.id ?? '') as [string, string, string]
    await update(ids[0], { title: 'Once' })
    await update(ids[0], { title: 'Twice' })
    await remove(ids[1])
    await unpublish(ids[2])
    const of = async (postId: string, asking = askingAsNobody()) =>
      (await toldSince(test, start, {}, asking)).filter((event) => event.postId === postId)
    expect((await of(ids[0])).map(({ __typename, post }) => [__typename, post?.title])).toEqual([
      ['PostPublished', 'Twice'],
      ['PostChanged', 'Twice'],
      ['PostChanged', 'Twice'],
    ])
    expect((await of(ids[1])).map(({ __typename, post }) => [__typename, post])).toEqual([
      ['PostPublished', null],
      ['PostRemoved', null],
    ])
    expect((await of(ids[2])).map(({ __typename, post }) => [__typename, post])).toEqual([['PostRemoved', null]])
    expect((await of(ids[2], author)).map(({ __typename, post }) => [__typename, post?.status])).toEqual([
      ['PostPublished', 'DRAFT'],
      ['PostRemoved', 'DRAFT'],
    ])
  })

  it('goes on from any page, also from one that is empty, until it has caught up', async () => {
    const start = await cursorNow(test)
    await atOnce(12, () => write(test, author, { kind: 'common' }))
    await write(test, author, { kind: 'rare' })
    await cursorNow(test)
    const filter = { kind: 'rare' }
    const pages = []
    for (let after = start, more = true; more; ) {
      const page = await pageOf(test, after, { filter, first: 1 })
      if (!page) throw new Error('no page')
      pages.push(page)
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    // Five candidates a page of one: 5, 5, and the last three, after which it knows that there are no more.
    expect(pages.map(({ nodes, pageInfo }) => [nodes.length, pageInfo.hasNextPage])).toEqual([
      [0, true],
      [0, true],
      [1, false],
    ])
    expect(pages.at(-1)?.pageInfo.endCursor).toBe(await cursorNow(test))
    const { id } = await write(test, author, { kind: 'rare' })
    await cursorNow(test)
    expect((await pageOf(test, pages.at(-1)?.pageInfo.endCursor ?? '', { filter }))?.nodes.map(({ postId }) => postId)).toEqual([id])
  })

  it('has edges whose cursors go on behind them', async () => {
    const start = await cursorNow(test)
    const posts = []
    for (let n = 0; n < 5; n += 1) posts.push(await write(test, author))
    await cursorNow(test)
    const page = await pageOf(test, start)
    expect(page?.nodes.map(({ postId }) => postId)).toEqual(posts.map(({ id }) => id))
    expect(page?.edges.map(({ cursor }) => cursor)).toEqual(page?.nodes.map(({ cursor }) => cursor))
    expect(page?.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true, startCursor: page?.edges[0]?.cursor })
    expect((await pageOf(test, page?.edges[2]?.cursor ?? ''))?.nodes).toEqual(page?.nodes.slice(3))
  })

  it('costs three statements, whatever its length', async () => {
    const start = await cursorNow(test)
    await atOnce(20, () => write(test, author))
    await cursorNow(test)
    for (const first of [1, 20]) {
      const { result, statements } = await countStatements(() => pageOf(test, start, { first }))
      expect(result?.nodes).toHaveLength(first)
      expect(statements).toHaveLength(3)
    }
  })

  it('filters by post, author and kind, and tells who follows a kind of what leaves it', async () => {
    const start = await cursorNow(test)
    const other = askingAs()
    const [mine, page, theirs] = [
      await write(test, author),
      await write(test, author, { kind: 'filtered' }),
      await write(test, other, { kind: 'filtered' }),
    ]
    await update(page.id, { kind: 'left' })
    await update(page.id, { title: 'No longer of that kind' })
    const of = async (filter: Record<string, string | null>) => (await toldSince(test, start, filter)).map(({ postId }) => postId)
    expect(await of({ postId: mine.id })).toEqual([mine.id])
    expect(await of({ authorId: userIdOf(other) })).toEqual([theirs.id])
    expect(await of({ kind: 'filtered' })).toEqual([page.id, theirs.id, page.id])
    expect(await of({ kind: 'left', authorId: userIdOf(author) })).toEqual([page.id, page.id])
    expect(await of({ kind: null, postId: null, authorId: null })).toHaveLength(5)
    expect(await of({ kind: 'filtered', authorId: userIdOf(askingAs()) })).toEqual([])
  })

  it('is null for a post that is not there or hidden, whatever happened to it', async () => {
    const start = await cursorNow(test)
    const [hidden, deleted] = [await write(test, author), await write(test, author)]
    await unpublish(hidden.id)
    await remove(deleted.id)
    await cursorNow(test)
    const ids = [hidden.id, deleted.id, encodeId('post', newId())]
    for (const postId of ids) expect(await pageOf(test, start, { filter: { postId } })).toBeNull()
    expect((await pageOf(test, start, { filter: { postId: hidden.id }, asking: author }))?.nodes).toHaveLength(2)
  })

  it('refuses what can not be', async () => {
    const after = await cursorNow(test)
    const ask = (filter: object, first: number, from = after) =>
      test.ask(
        'query ($filter: PostEventFilter, $after: String!, $first: Int!) { postEvents(filter: $filter, after: $after, first: $first) { nodes { cursor } } }',
        { filter, first, after: from },
      )
    const wrong = await ask({ postId: userIdOf(author), authorId: 'x', kind: 'a b' }, 10)
    expect([codesOf(wrong), issuePathsOf(wrong)]).toEqual([['BAD_USER_INPUT'], ['filter.postId', 'filter.authorId', 'filter.kind']])
    for (const first of [0, 101, -1]) expect(issuePathsOf(await ask({}, first))).toEqual(['first'])
    for (const from of ['', 'x', 'x'.repeat(10_000), Buffer.from(`000000000000.1`).toString('base64url')])
      expect(codesOf(await ask({}, 10, from))).toEqual(['STALE_CURSOR'])
  })
})

it("tells of the demo's posts, once", async () => {
  await using fresh = await startPosts()
  const start = await cursorNow(fresh)
  await fresh.subgraph.demo()
  await fresh.subgraph.demo()
  const { posts } = await fresh.data<{ posts: { totalCount: number } }>('{ posts { totalCount } }')
  const events = await toldSince(fresh, start)
  expect(new Set(kindsOf(events))).toEqual(new Set(['PostPublished']))
  expect(events).toHaveLength(posts.totalCount)
})
