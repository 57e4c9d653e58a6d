import type { Asking } from '@ashlar/kit/caller'
import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { change, idBySlug, type PostsTest, read, type Shown, startPosts, tell, userIdOf, write } from './writing.js'

let test: PostsTest
const author = askingAs()
const moderator = askingAs({ role: 'MODERATOR' })
const others: readonly [string, Asking][] = [
  ['nobody', askingAsNobody()],
  ['another person', askingAs()],
  ["a moderator's app session", askingAs({ role: 'MODERATOR', credential: 'app' })],
  ["the author's key without scopes", askingAs({ userId: author.identity?.userId ?? '', credential: 'key', scopes: [] })],
]
const ENTITY = 'query ($posts: [_Any!]!) { _entities(representations: $posts) { ... on Post { id title } } }'

const MUTATIONS: readonly [string, Readonly<Record<string, unknown>>, string][] = [
  ['updatePost', { title: 'Mine now' }, 'post { id }'],
  ['publishPost', {}, 'post { id }'],
  ['unpublishPost', {}, 'post { id }'],
  ['restorePostRevision', { revision: 1 }, 'post { id }'],
  ['createPostPreview', {}, 'previewToken'],
  ['deletePost', {}, 'deletedPostId'],
]

beforeAll(async () => {
  test = await startPosts()
})
afterAll(() => test.close())

describe.each(['DRAFT', 'SCHEDULED'])('a post that is %s', (status) => {
  let hidden: Shown
  beforeAll(async () => {
    hidden = await write(test, author, { title: `Hidden ${status}`, publish: false })
    if (status === 'SCHEDULED') await change(test, author, 'publishPost', { postId: hidden.id, publishAt: '2100-01-01T00:00:00Z' })
  })

  it('is there for its author and for moderators', async () => {
    for (const asking of [author, moderator]) {
      expect(await read(test, hidden.id, asking)).toMatchObject({ title: hidden.title, status, viewerCanEdit: true })
      expect(await idBySlug(test, hidden.slug, asking)).toBe(hidden.id)
    }
  })

  it.each(others)('is for %s what does not exist', async (_, asking) => {
    const madeUp = encodeId('post', newId())
    const ask = (id: string) =>
      Promise.all([
        test.ask('query ($id: ID!) { post(id: $id) { id title viewerCanEdit revisions { totalCount } } }', { id }, asking),
        test.ask(ENTITY, { posts: [{ __typename: 'Post', id }] }, asking),
      ])
    expect(JSON.stringify(await ask(hidden.id))).toBe(JSON.stringify(await ask(madeUp)))
    expect((await ask(hidden.id))[0].data).toEqual({ post: null })
    expect(await idBySlug(test, hidden.slug, asking)).toBeNull()
  })

  it.each(others)('can be changed by %s as little as what does not exist', async (_, asking) => {
    const madeUp = encodeId('post', newId())
    for (const [field, input, selection] of MUTATIONS) {
      const answers = []
      for (const postId of [hidden.id, madeUp]) answers.push(await tell(test, asking, field, { postId, ...input }, selection))
      expect(JSON.stringify(answers[0])).toBe(JSON.stringify(answers[1]))
      expect([field, ['NOT_FOUND', 'UNAUTHENTICATED', 'FORBIDDEN']]).toEqual([field, expect.arrayContaining(codesOf(answers[0] ?? {}))])
    }
    expect(await read(test, hidden.id, author)).toMatchObject({ title: hidden.title, status })
  })

  it('is in no list, count or search of others', async () => {
    const query = `query ($user: [_Any!]!, $status: PostStatus!) {
      byStatus: posts(filter: { status: $status }) { totalCount nodes { id } }
      found: posts(filter: { search: "Hidden" }) { totalCount nodes { id } }
      _entities(representations: $user) { ... on User { postCount posts { totalCount nodes { id } } } }
    }`
    const variables = { status, user: [{ __typename: 'User', id: userIdOf(author) }] }
    const none = { totalCount: 0, nodes: [] }
    for (const [, asking] of others) {
      const data = await test.data(query, variables, asking)
      expect(data).toEqual({ byStatus: none, found: none, _entities: [{ postCount: 0, posts: none }] })
    }
    const mine = await test.data(query, variables, author)
    expect(mine).toMatchObject({ byStatus: { nodes: [{ id: hidden.id }] }, found: none })
    expect(await test.data(query, variables, moderator)).toMatchObject({ byStatus: { nodes: [{ id: hidden.id }] }, found: none })
  })
})

describe('a published post', () => {
  let shown: Shown
  beforeAll(async () => {
    shown = await write(test, author, { title: 'Shown' })
  })

  it('is there for everyone, who can edit it or not', async () => {
    for (const [, asking] of others) expect(await read(test, shown.id, asking)).toMatchObject({ viewerCanEdit: false, revisions: null })
    for (const asking of [author, moderator]) expect(await read(test, shown.id, asking)).toMatchObject({ viewerCanEdit: true })
  })

  it('is FORBIDDEN to others to change', async () => {
    for (const [field, input, selection] of MUTATIONS) {
      expect([field, codesOf(await tell(test, askingAs(), field, { postId: shown.id, ...input }, selection))]).toEqual([
        field,
        ['FORBIDDEN'],
      ])
    }
  })

  it('can be changed, unpublished and deleted by a moderator, which is written down', async () => {
    const post = await write(test, author, { title: 'Moderated' })
    expect((await change(test, moderator, 'updatePost', { postId: post.id, title: 'Milder' })).title).toBe('Milder')
    expect((await change(test, moderator, 'unpublishPost', { postId: post.id })).status).toBe('DRAFT')
    expect((await tell(test, moderator, 'deletePost', { postId: post.id }, 'deletedPostId')).data).toEqual({
      done: { deletedPostId: post.id },
    })
    const rows = await test.database
      .service('posts')
      .query<{ action: string; actor: string }>('select action, actor_id as actor from audit_entry where target = $1 order by at, id', [
        post.id,
      ])
    const actor = moderator.identity?.userId
    expect(rows).toEqual(['updatePost', 'unpublishPost', 'deletePost'].map((field) => ({ action: `posts.${field}`, actor })))
  })

  it('can be changed with a key that bears posts:moderate alone, which writes nothing of its own', async () => {
    const key = askingAs({ credential: 'key', scopes: ['posts:moderate'] })
    expect((await change(test, key, 'updatePost', { postId: shown.id, title: 'By a key' })).title).toBe('By a key')
    expect(codesOf(await tell(test, key, 'createPost', { title: 'x', content: '' }))).toEqual(['FORBIDDEN'])
  })
})

it('lets a key with posts:read see the drafts of its owner, and with posts:write change them', async () => {
  const userId = author.identity?.userId ?? ''
  const draft = await write(test, author, { title: 'By key', publish: false })
  const reads = askingAs({ userId, credential: 'key', scopes: ['posts:read'] })
  const writes = askingAs({ userId, credential: 'key', scopes: ['posts:write'] })
  for (const asking of [reads, writes]) expect((await read(test, draft.id, asking))?.id).toBe(draft.id)
  expect(codesOf(await tell(test, reads, 'updatePost', { postId: draft.id, title: 'x' }))).toEqual(['FORBIDDEN'])
  expect((await change(test, writes, 'updatePost', { postId: draft.id, title: 'Written' })).title).toBe('Written')
})

describe("the viewer's own posts", () => {
  const VIEWER = 'query ($status: PostStatus) { viewer { userId posts(status: $status) { totalCount nodes { title status } } } }'

  it('are all of theirs, drafts included, latest changed first', async () => {
    const asking = askingAs()
    const first = await write(test, asking, { title: 'First' })
    await write(test, asking, { title: 'Second', publish: false })
    await change(test, asking, 'updatePost', { postId: first.id, kind: 'page' })
    const { viewer } = await test.data<{ viewer: object }>(VIEWER, {}, asking)
    expect(viewer).toEqual({
      userId: userIdOf(asking),
      posts: {
        totalCount: 2,
        nodes: [
          { title: 'First', status: 'PUBLISHED' },
          { title: 'Second', status: 'DRAFT' },
        ],
      },
    })
    expect(await test.data(VIEWER, { status: 'DRAFT' }, asking)).toMatchObject({ viewer: { posts: { nodes: [{ title: 'Second' }] } } })
  })

  it('are those of who asks, whatever user a reference names', async () => {
    const query = 'query ($viewer: [_Any!]!) { _entities(representations: $viewer) { ... on Viewer { posts { nodes { title } } } } }'
    const viewer = [{ __typename: 'Viewer', userId: userIdOf(author) }]
    expect(await test.data(query, { viewer }, askingAs())).toEqual({ _entities: [{ posts: { nodes: [] } }] })
    expect(codesOf(await test.ask(query, { viewer }, askingAsNobody()))).toEqual(['UNAUTHENTICATED'])
  })

  it('are null for nobody', async () => {
    expect(await test.data(VIEWER)).toEqual({ viewer: null })
  })
})
