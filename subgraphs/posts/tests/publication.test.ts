import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { atOnce, change, type PostsTest, read, type Shown, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
const DAY_MS = 24 * 60 * 60 * 1_000
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString()
const draft = (title: string): Promise<Shown> => write(test, author, { title, publish: false })
const publish = (postId: string, publishAt?: string): Promise<Shown> => change(test, author, 'publishPost', { postId, publishAt })
const statusOf = async (id: string): Promise<string | undefined> => (await read(test, id, author))?.status
const jobs = (): Promise<{ key: string }[]> => test.database.service('posts').query("select key from job where kind = 'post.publish'")

beforeAll(async () => {
  test = await startPosts()
})
afterEach(() => test.database.shiftClock('posts', '0'))
afterAll(() => test.close())

describe('publishing', () => {
  it('is at once, and stays as it is when it is repeated', async () => {
    const { id, publishedAt } = await draft('At once')
    expect(publishedAt).toBeNull()
    const published = await publish(id)
    expect(published).toMatchObject({ status: 'PUBLISHED', revision: 2 })
    expect(Math.abs(Date.parse(published.publishedAt ?? '') - Date.now())).toBeLessThan(60_000)
    expect(await publish(id)).toEqual(published)
    expect((await read(test, id, askingAsNobody()))?.publishedAt).toBe(published.publishedAt)
  })

  it('at a time past backdates, also what is published already', async () => {
    const { id } = await draft('Backdated')
    expect(await publish(id, '2001-02-03T04:05:06.789Z')).toMatchObject({ status: 'PUBLISHED', publishedAt: '2001-02-03T04:05:06.789Z' })
    expect(await publish(id, '1999-01-01T00:00:00+02:00')).toMatchObject({ publishedAt: '1998-12-31T22:00:00.000Z', revision: 3 })
  })

  it('happens with the creation', async () => {
    expect(await write(test, author, { publish: true })).toMatchObject({ status: 'PUBLISHED', revision: 1 })
    expect(await write(test, author, { publish: false })).toMatchObject({ status: 'DRAFT', revision: 1 })
  })

  it('is for guests too', async () => {
    expect((await write(test, askingAs({ role: 'GUEST' }))).status).toBe('PUBLISHED')
  })
})

describe('scheduling', () => {
  it('publishes when the time has come, once, and hides until then', async () => {
    const { id } = await draft('Tomorrow')
    const at = inDays(1)
    expect(await publish(id, at)).toMatchObject({ status: 'SCHEDULED', publishedAt: at, revision: 2 })
    expect(await read(test, id, askingAsNobody())).toBeNull()
    await test.database.shiftClock('posts', '1 day 1 minute')
    await until(async () => (await read(test, id, askingAsNobody())) !== null)
    expect(await read(test, id, author)).toMatchObject({ status: 'PUBLISHED', publishedAt: at, revision: 3 })
    expect(await jobs()).toEqual([])
  })

  it('hides until then what was published already', async () => {
    const { id } = await write(test, author)
    expect((await publish(id, inDays(1))).status).toBe('SCHEDULED')
    expect(await read(test, id, askingAsNobody())).toBeNull()
    expect((await publish(id)).status).toBe('PUBLISHED')
    expect(await jobs()).toEqual([])
  })

  it('can be put off and taken back', async () => {
    const [putOff, takenBack, deleted, due] = await atOnce(4, (index) => draft(`Planned ${index}`))
    const ids = [putOff, takenBack, deleted, due].map((post) => post?.id ?? '')
    for (const id of ids) await publish(id, inDays(1))
    await publish(ids[0] ?? '', inDays(3))
    expect(await change(test, author, 'unpublishPost', { postId: ids[1] })).toMatchObject({ status: 'DRAFT', publishedAt: null })
    await tell(test, author, 'deletePost', { postId: ids[2] }, 'deletedPostId')
    expect(await jobs()).toHaveLength(2)
    await test.database.shiftClock('posts', '2 days')
    await until(async () => (await statusOf(ids[3] ?? '')) === 'PUBLISHED')
    expect(await Promise.all(ids.map(statusOf))).toEqual(['SCHEDULED', 'DRAFT', undefined, 'PUBLISHED'])
    await change(test, author, 'unpublishPost', { postId: ids[0] })
  })

  it('ends in one state that readers and job agree on, whatever comes at once', async () => {
    const { id } = await draft('Contested')
    await atOnce(50, (index) => {
      const postId = id
      if (index % 3 === 0) return tell(test, author, 'publishPost', { postId })
      return index % 3 === 1
        ? tell(test, author, 'unpublishPost', { postId })
        : tell(test, author, 'publishPost', { postId, publishAt: inDays(index) })
    })
    expect(await jobs()).toHaveLength((await statusOf(id)) === 'SCHEDULED' ? 1 : 0)
    await change(test, author, 'unpublishPost', { postId: id })
    expect(await jobs()).toEqual([])
  })

  it('writes nothing under a lease that another has taken', async () => {
    const { id } = await draft('Overtaken')
    await publish(id, inDays(1))
    const uuid = (await test.database.service('posts').query<{ id: string }>('select id from post where title = $1', ['Overtaken']))[0]?.id
    const finish = () => Promise.reject(new Error('the lease is lost'))
    const job = { id: '', kind: 'post.publish', payload: { postId: uuid }, attempt: 1, signal: new AbortController().signal, finish }
    await expect(test.services.publication.publishScheduled(job)).rejects.toThrow()
    expect(await statusOf(id)).toBe('SCHEDULED')
    await change(test, author, 'unpublishPost', { postId: id })
  })
})

it('unpublishes to a draft, and leaves a draft alone', async () => {
  const { id } = await write(test, author)
  const unpublished = await change(test, author, 'unpublishPost', { postId: id })
  expect(unpublished).toMatchObject({ status: 'DRAFT', publishedAt: null, revision: 2 })
  expect(await change(test, author, 'unpublishPost', { postId: id })).toEqual(unpublished)
})

it('deletes a post with all that is its own', async () => {
  const { id, slug } = await write(test, author, { slug: 'doomed' })
  await change(test, author, 'updatePost', { postId: id, slug: 'doomed-too', content: 'more' })
  await tell(test, author, 'createPostPreview', { postId: id }, 'previewToken')
  expect((await tell(test, author, 'deletePost', { postId: id }, 'deletedPostId')).data).toEqual({ done: { deletedPostId: id } })
  expect(await read(test, id, author)).toBeNull()
  expect(codesOf(await tell(test, author, 'deletePost', { postId: id }, 'deletedPostId'))).toEqual(['NOT_FOUND'])
  const [left] = await test.database.service('posts').query(
    `select (select count(*)::int from former_slug where slug = $1) as slugs, (select count(*)::int from preview) as previews,
       (select count(*)::int from post_revision left join post on post.id = post_id where post.id is null) as revisions`,
    [slug],
  )
  expect(left).toEqual({ slugs: 0, previews: 0, revisions: 0 })
})

describe('with AUTHORS=moderators', () => {
  let strict: PostsTest
  beforeAll(async () => {
    strict = await startPosts({ AUTHORS: 'moderators' })
  })
  afterAll(() => strict.close())

  it('leaves drafts to everyone and publishing to moderators', async () => {
    const { id } = await write(strict, author, { publish: false })
    expect(codesOf(await tell(strict, author, 'createPost', { title: 'x', content: '', publish: true }))).toEqual(['FORBIDDEN'])
    for (const publishAt of [undefined, '2001-01-01T00:00:00Z', '2100-01-01T00:00:00Z'])
      expect(codesOf(await tell(strict, author, 'publishPost', { postId: id, publishAt }))).toEqual(['FORBIDDEN'])
    expect((await change(strict, askingAs({ role: 'MODERATOR' }), 'publishPost', { postId: id })).status).toBe('PUBLISHED')
    expect((await write(strict, askingAs({ role: 'MODERATOR' }))).status).toBe('PUBLISHED')
    const app = askingAs({ role: 'MODERATOR', credential: 'app' })
    expect(codesOf(await tell(strict, app, 'createPost', { title: 'x', content: '', publish: true }))).toEqual(['FORBIDDEN'])
  })
})
