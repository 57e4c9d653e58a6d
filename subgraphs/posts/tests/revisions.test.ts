import { askingAs } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { atOnce, change, type PostsTest, read, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
})
afterAll(() => test.close())

describe('an update', () => {
  it('changes only what is given, and clears what is null', async () => {
    const before = await write(test, author, {
      title: 'Whole',
      content: 'Text.',
      kind: 'page',
      excerpt: 'In short.',
      coverImageUrl: 'https://example.com/cover.jpg',
      canonicalUrl: 'https://example.com/whole',
      seo: { title: 'For engines', description: 'Found', imageUrl: 'https://example.com/seo.jpg', noIndex: true },
      metadata: { a: 1 },
    })
    const selection =
      'post { title content kind excerpt coverImageUrl canonicalUrl seo { title description imageUrl noIndex } metadata revision slug }'
    const update = async (input: object) => (await tell(test, author, 'updatePost', { postId: before.id, ...input }, selection)).data?.done
    expect(await update({ title: 'Other', seo: { description: null } })).toEqual({
      post: {
        title: 'Other',
        content: 'Text.',
        kind: 'page',
        excerpt: 'In short.',
        coverImageUrl: 'https://example.com/cover.jpg',
        canonicalUrl: 'https://example.com/whole',
        seo: { title: 'For engines', description: null, imageUrl: 'https://example.com/seo.jpg', noIndex: true },
        metadata: { a: 1 },
        revision: 2,
        slug: 'whole',
      },
    })
    const cleared = { content: null, kind: null, excerpt: null, coverImageUrl: null, canonicalUrl: null, seo: null, metadata: null }
    expect(await update(cleared)).toEqual({
      post: {
        title: 'Other',
        content: '',
        kind: 'post',
        excerpt: '',
        coverImageUrl: null,
        canonicalUrl: null,
        seo: { title: null, description: null, imageUrl: null, noIndex: false },
        metadata: {},
        revision: 3,
        slug: 'whole',
      },
    })
    const untitled = await tell(test, author, 'updatePost', { postId: before.id, title: null })
    expect([codesOf(untitled), issuePathsOf(untitled)]).toEqual([['BAD_USER_INPUT'], ['input.title']])
  })

  it('that says nothing leaves the revision alone', async () => {
    const { id } = await write(test, author)
    expect((await change(test, author, 'updatePost', { postId: id })).revision).toBe(1)
  })

  it('with a stale expectedRevision is CONFLICT with the post as it stands, and nothing is written', async () => {
    const { id } = await write(test, author, { title: 'Raced', metadata: { kept: true } })
    const winner = await change(test, author, 'updatePost', { postId: id, expectedRevision: 1, title: 'Winner' })
    const stale = await tell(test, author, 'updatePost', { postId: id, expectedRevision: 1, title: 'Loser', slug: 'loser', content: 'x' })
    expect(codesOf(stale)).toEqual(['CONFLICT'])
    const { id: _, html: __, formerSlugs: ___, revisions: ____, viewerCanEdit: _____, ...scalars } = winner
    expect(stale.errors?.[0]?.extensions?.current).toEqual(expect.objectContaining({ id, ...scalars }))
    expect(await read(test, id, author)).toEqual(winner)
  })

  it('with one expectedRevision succeeds once of 50 at once', async () => {
    const { id } = await write(test, author)
    const answers = await atOnce(50, (index) =>
      tell(test, author, 'updatePost', { postId: id, expectedRevision: 1, title: `Try ${index}` }),
    )
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(Array(49).fill('CONFLICT'))
    expect((await read(test, id))?.revision).toBe(2)
  })

  it('is counted and kept, 50 at once', async () => {
    const { id } = await write(test, author)
    const answers = await atOnce(50, (index) =>
      change(test, author, 'updatePost', { postId: id, content: `Edit ${index}`, metadata: { [`key${index}`]: index } }),
    )
    for (const [index, { content }] of answers.entries()) expect(content).toBe(`Edit ${index}`)
    const post = await read(test, id, author)
    expect(post?.revision).toBe(51)
    expect(Object.keys(post?.metadata ?? {})).toHaveLength(50)
    expect(post?.revisions?.nodes.map(({ revision }) => revision)).toEqual(Array.from({ length: 51 }, (_, index) => 51 - index))
    expect(new Set(post?.revisions?.nodes.map(({ content }) => content)).size).toBe(51)
  })
})

describe('revisions', () => {
  it('hold each title and content, and count up with every change', async () => {
    const { id } = await write(test, author, { title: 'One', content: 'first', publish: false })
    await change(test, author, 'updatePost', { postId: id, content: 'second' })
    await change(test, author, 'updatePost', { postId: id, kind: 'page' })
    await change(test, author, 'publishPost', { postId: id })
    const post = await change(test, author, 'updatePost', { postId: id, title: 'Two', content: 'second' })
    expect(post.revision).toBe(5)
    expect(post.revisions?.nodes).toEqual([
      { revision: 5, title: 'Two', content: 'second' },
      { revision: 2, title: 'One', content: 'second' },
      { revision: 1, title: 'One', content: 'first' },
    ])
  })

  it('are not made by a text that is the same', async () => {
    const { id } = await write(test, author, { title: 'Same', content: 'same' })
    const post = await change(test, author, 'updatePost', { postId: id, title: 'Same', content: 'same' })
    expect([post.revision, post.revisions?.nodes.length]).toEqual([2, 1])
  })

  it('say who wrote them', async () => {
    const moderator = askingAs({ role: 'MODERATOR' })
    const { id } = await write(test, author)
    await change(test, moderator, 'updatePost', { postId: id, content: 'moderated' })
    const { post } = await test.data<{ post: { revisions: { nodes: { author: { id: string }; id: string }[] } } }>(
      'query ($id: ID!) { post(id: $id) { revisions { nodes { id author { id } } } } }',
      { id },
      author,
    )
    const [second, first] = post.revisions.nodes
    expect(second?.author.id).not.toBe(first?.author.id)
    expect(second?.id).toMatch(/^post_revision_/)
  })

  it('are kept up to the latest 1,000', async () => {
    const { id } = await write(test, author)
    await test.database
      .service('posts')
      .query('update post set revision = 1200 where slug = (select slug from post order by id desc limit 1)')
    await test.database.service('posts').query(
      `insert into post_revision (id, post_id, revision, title, content)
       select gen_random_uuid(), (select id from post order by id desc limit 1), number, 'Old', 'old' from generate_series(2, 1200) number`,
    )
    await change(test, author, 'updatePost', { postId: id, content: 'the newest' })
    const [kept] = await test.database
      .service('posts')
      .query(
        'select count(*)::int as count, max(revision) as newest from post_revision where post_id = (select id from post order by id desc limit 1)',
      )
    expect(kept).toEqual({ count: 1_000, newest: 1_201 })
  })
})

describe('restoring a revision', () => {
  it('writes the earlier title and content as a new one', async () => {
    const { id } = await write(test, author, { title: 'Good', content: '**good**', metadata: { kept: 1 } })
    await change(test, author, 'updatePost', { postId: id, title: 'Bad', content: 'bad', metadata: { kept: 2 } })
    const restored = await change(test, author, 'restorePostRevision', { postId: id, revision: 1 })
    expect(restored).toMatchObject({
      title: 'Good',
      content: '**good**',
      html: '<p><strong>good</strong></p>',
      excerpt: 'good',
      revision: 3,
      metadata: { kept: 2 },
    })
    expect(restored.revisions?.nodes.map(({ revision, title }) => [revision, title])).toEqual([
      [3, 'Good'],
      [2, 'Bad'],
      [1, 'Good'],
    ])
  })

  it('is NOT_FOUND for one that there is not', async () => {
    const { id } = await write(test, author)
    for (const revision of [0, 2, -1, 2_147_483_647])
      expect(codesOf(await tell(test, author, 'restorePostRevision', { postId: id, revision }))).toEqual(['NOT_FOUND'])
  })

  it('happens once for a key', async () => {
    const { id } = await write(test, author)
    await change(test, author, 'updatePost', { postId: id, title: 'Later' })
    const answers = await atOnce(10, () =>
      change(test, author, 'restorePostRevision', { postId: id, revision: 1, idempotencyKey: 'restore' }),
    )
    expect(answers.map(({ revision }) => revision)).toEqual(Array(10).fill(3))
    const other = await tell(test, author, 'restorePostRevision', { postId: id, revision: 2, idempotencyKey: 'restore' })
    expect(codesOf(other)).toEqual(['CONFLICT'])
  })
})

describe('a key', () => {
  it('makes one post of 50 attempts at once', async () => {
    const input = { title: 'Once', idempotencyKey: 'make', metadata: { b: 1, a: 2 } }
    const posts = await atOnce(50, () => write(test, author, input))
    expect(new Set(posts.map(({ id }) => id)).size).toBe(1)
    expect((await write(test, author, { ...input, metadata: { a: 2, b: 1 } })).id).toBe(posts[0]?.id)
    expect((await write(test, askingAs(), input)).id).not.toBe(posts[0]?.id)
    expect(codesOf(await tell(test, author, 'createPost', { ...input, content: 'Some words.', title: 'Twice' }))).toEqual(['CONFLICT'])
  })

  it('lets an update with an expectedRevision be repeated', async () => {
    const { id } = await write(test, author)
    const input = { postId: id, expectedRevision: 1, title: 'Sure', idempotencyKey: 'update' }
    const answers = await atOnce(10, () => change(test, author, 'updatePost', input))
    expect(answers.map(({ revision, title }) => [revision, title])).toEqual(Array(10).fill([2, 'Sure']))
  })

  it('is not used up by a refusal', async () => {
    const { id } = await write(test, author)
    const stale = { postId: id, expectedRevision: 7, title: 'Tried', idempotencyKey: 'again' }
    expect(codesOf(await tell(test, author, 'updatePost', stale))).toEqual(['CONFLICT'])
    expect((await change(test, author, 'updatePost', { ...stale, expectedRevision: 1 })).title).toBe('Tried')
  })

  it('repeats nothing for whom it is not any more', async () => {
    const moderator = askingAs({ role: 'MODERATOR' })
    const { id } = await write(test, author, { publish: false })
    const input = { postId: id, title: 'Moderated', idempotencyKey: 'moderate' }
    await change(test, moderator, 'updatePost', input)
    const demoted = askingAs({ userId: moderator.identity?.userId ?? '' })
    expect(codesOf(await tell(test, demoted, 'updatePost', input))).toEqual(['NOT_FOUND'])
  })

  it('has 1 to 128 characters', async () => {
    for (const idempotencyKey of ['', 'x'.repeat(129), 'a\u0007b'])
      expect(issuePathsOf(await tell(test, author, 'createPost', { title: 'x', content: '', idempotencyKey }))).toEqual([
        'input.idempotencyKey',
      ])
  })
})
