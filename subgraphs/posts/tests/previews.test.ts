import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { atOnce, change, idBySlug, type PostsTest, read, type Shown, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
const DAY_MS = 24 * 60 * 60 * 1_000
const draft = (input: object = {}): Promise<Shown> => write(test, author, { title: 'Draft', publish: false, ...input })

async function preview(postId: string, input: object = {}): Promise<{ previewToken: string; expiresAt: string }> {
  const { data, errors } = await tell(test, author, 'createPostPreview', { postId, ...input }, 'previewToken expiresAt')
  if (errors) throw new Error(JSON.stringify(errors))
  return data?.done as { previewToken: string; expiresAt: string }
}

beforeAll(async () => {
  test = await startPosts()
})
afterEach(() => test.database.shiftClock('posts', '0'))
afterAll(() => test.close())

it('shows a draft to whoever holds the token, but not its revisions, and lets nobody edit it', async () => {
  const { id, slug } = await draft()
  await change(test, author, 'updatePost', { postId: id, content: 'Latest.' })
  const { previewToken, expiresAt } = await preview(id)
  expect(Buffer.from(previewToken, 'base64url').length).toBeGreaterThanOrEqual(16)
  expect(Math.abs(Date.parse(expiresAt) - Date.now() - 7 * DAY_MS)).toBeLessThan(60_000)
  for (const asking of [askingAsNobody(), askingAs()]) {
    expect(await read(test, id, asking, previewToken)).toMatchObject({
      status: 'DRAFT',
      content: 'Latest.',
      revisions: null,
      viewerCanEdit: false,
    })
    expect(await idBySlug(test, slug, asking, previewToken)).toBe(id)
  }
  expect(await read(test, id, author, previewToken)).toMatchObject({ viewerCanEdit: true })
})

it('shows what is scheduled, and a draft under a slug that it had before', async () => {
  const { id, slug } = await draft({ slug: 'draft-before' })
  await change(test, author, 'updatePost', { postId: id, slug: 'draft-after' })
  await change(test, author, 'publishPost', { postId: id, publishAt: '2100-01-01T00:00:00Z' })
  const { previewToken } = await preview(id)
  expect(await read(test, id, askingAsNobody(), previewToken)).toMatchObject({ status: 'SCHEDULED' })
  expect(await idBySlug(test, slug, askingAsNobody(), previewToken)).toBe(id)
})

it('opens nothing but its own post, and nothing at all with a wrong token', async () => {
  const [one, other] = [await draft(), await draft()]
  const { previewToken } = await preview(one.id)
  expect(await read(test, other.id, askingAsNobody(), previewToken)).toBeNull()
  expect(await idBySlug(test, other.slug, askingAsNobody(), previewToken)).toBeNull()
  for (const wrong of ['', 'x', `${previewToken}x`, previewToken.slice(1), 'x'.repeat(1_000_000), '\0', '\ud800'])
    expect(await read(test, one.id, askingAsNobody(), wrong)).toBeNull()
  const published = await write(test, author)
  expect((await read(test, published.id, askingAsNobody(), 'wrong'))?.id).toBe(published.id)
})

it('keeps of the token nothing but a hash', async () => {
  const { id } = await draft()
  const { previewToken } = await preview(id, { idempotencyKey: 'hashed' })
  const rows = await test.database
    .service('posts')
    .query<{ row: string }>('select preview::text as row from preview union all select idempotency_key::text from idempotency_key')
  for (const { row } of rows)
    for (const form of [previewToken, Buffer.from(previewToken).toString('hex'), Buffer.from(previewToken, 'base64url').toString('hex')])
      expect(row).not.toContain(form)
})

it('ends at its time, within a year', async () => {
  const { id } = await draft()
  const in2Days = new Date(Date.now() + 2 * DAY_MS).toISOString()
  const { previewToken, expiresAt } = await preview(id, { expiresAt: in2Days })
  expect(expiresAt).toBe(in2Days)
  await test.database.shiftClock('posts', '1 day')
  expect(await read(test, id, askingAsNobody(), previewToken)).not.toBeNull()
  await test.database.shiftClock('posts', '3 days')
  expect(await read(test, id, askingAsNobody(), previewToken)).toBeNull()
  for (const never of ['2001-01-01T00:00:00Z', '2199-01-01T00:00:00Z']) {
    const answer = await tell(test, author, 'createPostPreview', { postId: id, expiresAt: never }, 'previewToken')
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.expiresAt']])
  }
})

it('is forgotten once it has ended, but not by a clock that has jumped', async () => {
  const { id } = await draft()
  await preview(id, { expiresAt: new Date(Date.now() + 2_000).toISOString() })
  const kept = async () =>
    (await test.database.service('posts').query("select 1 from preview where expires_at < now() + interval '1 hour'")).length
  await test.services.retention.clean()
  await test.database.shiftClock('posts', '1 hour')
  await test.services.retention.clean()
  expect(await kept()).toBe(1)
  await test.database.shiftClock('posts', '9 minutes')
  await test.services.retention.clean()
  expect(await kept()).toBe(0)
})

it('ends when the post is unpublished or deleted', async () => {
  const { id } = await write(test, author)
  const { previewToken } = await preview(id)
  await change(test, author, 'unpublishPost', { postId: id })
  expect(await read(test, id, askingAsNobody(), previewToken)).toBeNull()
  const again = await preview(id)
  await tell(test, author, 'deletePost', { postId: id }, 'deletedPostId')
  expect(await read(test, id, askingAsNobody(), again.previewToken)).toBeNull()
})

it('gives a repeat the same preview under a new token, and the first one dies', async () => {
  const { id } = await draft()
  const first = await preview(id, { idempotencyKey: 'preview' })
  const second = await preview(id, { idempotencyKey: 'preview' })
  expect(second.expiresAt).toBe(first.expiresAt)
  expect(await read(test, id, askingAsNobody(), first.previewToken)).toBeNull()
  expect(await read(test, id, askingAsNobody(), second.previewToken)).not.toBeNull()
  const raced = await atOnce(10, () => preview(id, { idempotencyKey: 'raced' }))
  const alive = await Promise.all(raced.map(({ previewToken }) => read(test, id, askingAsNobody(), previewToken)))
  expect(alive.filter(Boolean)).toHaveLength(1)
})

it('keeps the latest 50 of a post', async () => {
  const { id } = await draft()
  const first = await preview(id)
  const last = await atOnce(50, () => preview(id))
  expect(await read(test, id, askingAsNobody(), first.previewToken)).toBeNull()
  for (const { previewToken } of last) expect(await read(test, id, askingAsNobody(), previewToken)).not.toBeNull()
})
