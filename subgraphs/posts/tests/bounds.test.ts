import { countStatements } from '@ashlar/database/testing'
import { askingAs } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { change, type PostsTest, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
})
afterAll(() => test.close())

const valid = { title: 'Fine', content: 'Fine.' }
const nested = (depth: number): object => (depth === 0 ? {} : { inner: nested(depth - 1) })

describe('what is long and odd', () => {
  // Each made PostgreSQL's parser of texts or the renderer take the square of the time.
  it.each(['a_', '<!--', '/a', 'a.', 'a@', 'a-', '1e', 'http://a/', '&a;', '- ', '字', '́', '_', 'a'])(
    'is written, searched and read: %j',
    async (piece) => {
      const content = piece.repeat(Math.floor(100_000 / piece.length))
      const { id } = await write(test, author, { ...valid, content })
      const { post } = await test.data<{ post: { content: string } }>('query ($id: ID!) { post(id: $id) { content html } }', { id }, author)
      expect(post.content).toBe(content)
    },
  )

  it('is not read out without an end', async () => {
    const { id } = await write(test, author, { ...valid, content: 'x '.repeat(100_000) })
    const query = (times: number) =>
      `query ($id: ID!) { ${Array.from({ length: times }, (_, n) => `a${n}: post(id: $id) { content }`).join(' ')} }`
    expect(codesOf(await test.ask(query(20), { id }, author))).toEqual([])
    expect(codesOf(await test.ask(query(200), { id }, author))).toContain('TOO_COMPLEX')
  })
})

describe('what can not be', () => {
  const cases: readonly [string, object, string][] = [
    ['a title of 1 MB', { title: 'x'.repeat(1_000_000) }, 'input.title'],
    ['a title of 301', { title: 'x'.repeat(301) }, 'input.title'],
    ['a blank title', { title: ' \t\n' }, 'input.title'],
    ['a title with a zero byte', { title: 'a\0b' }, 'input.title'],
    ['a title with an escape', { title: 'a\u001b[31m' }, 'input.title'],
    ['a title with half of a pair', { title: 'a\ud83d' }, 'input.title'],
    ['a content of 200,001', { content: '𝕏'.repeat(200_001) }, 'input.content'],
    ['a content with a control character', { content: 'a\u0085b' }, 'input.content'],
    ['a kind of two words', { kind: 'two words' }, 'input.kind'],
    ['no kind', { kind: '' }, 'input.kind'],
    ['a kind of 51', { kind: 'k'.repeat(51) }, 'input.kind'],
    ['an excerpt of 1,001', { excerpt: 'x'.repeat(1_001) }, 'input.excerpt'],
    ['a title for engines of 301', { seo: { title: 'x'.repeat(301) } }, 'input.seo.title'],
    ['a description of 1,001', { seo: { description: 'x'.repeat(1_001) } }, 'input.seo.description'],
    ['an address that is a script', { coverImageUrl: 'javascript:alert(1)' }, 'input.coverImageUrl'],
    ['an address in a file', { canonicalUrl: 'file:///etc/passwd' }, 'input.canonicalUrl'],
    ['an image without a scheme', { seo: { imageUrl: '//example.com/x.png' } }, 'input.seo.imageUrl'],
    ['metadata of 16 KiB and more', { metadata: { a: 'x'.repeat(16_400) } }, 'input.metadata'],
    ['metadata nine levels deep', { metadata: nested(9) }, 'input.metadata'],
    [
      'metadata of 201 keys',
      { metadata: Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`k${index}`, 1])) },
      'input.metadata',
    ],
    ['metadata with __proto__', { metadata: JSON.parse('{"__proto__":{"polluted":true}}') }, 'input.metadata'],
    ['metadata with __proto__ inside', { metadata: { a: [JSON.parse('{"__proto__":1}')] } }, 'input.metadata'],
    ['metadata that is a list', { metadata: [] }, 'input.metadata'],
    ['metadata with a zero byte', { metadata: { 'a\0': 1 } }, 'input.metadata'],
    ['21 tags', { tags: Array(21).fill('tag') }, 'input.tags'],
    ['a tag without a letter', { tags: ['fine', ' '] }, 'input.tags.1'],
    ['tags, before there is a service for them', { tags: ['news'] }, 'input.tags'],
  ]

  it.each(cases)('%s is BAD_USER_INPUT with its path, before any statement runs', async (_, input, path) => {
    const { result, statements } = await countStatements(() => tell(test, author, 'createPost', { ...valid, ...input }))
    expect([codesOf(result), issuePathsOf(result)]).toEqual([['BAD_USER_INPUT'], [path]])
    expect(statements.filter((text) => text.includes('post'))).toEqual([])
    expect({}).not.toHaveProperty('polluted')
  })

  it('is named all at once', async () => {
    const input = {
      title: '',
      content: 'a\0',
      kind: '?',
      slug: '-',
      excerpt: '\u0007',
      seo: { title: '\0', description: '\0' },
      tags: ['x'],
      idempotencyKey: '',
    }
    const paths = ['content', 'excerpt', 'idempotencyKey', 'kind', 'seo.description', 'seo.title', 'slug', 'tags', 'title'].map(
      (name) => `input.${name}`,
    )
    expect(issuePathsOf(await tell(test, author, 'createPost', input)).sort()).toEqual(paths)
    const update = { ...input, postId: 'user_01h00000000000000000000000', title: null }
    expect(issuePathsOf(await tell(test, author, 'updatePost', update)).sort()).toEqual([...paths, 'input.postId'].sort())
  })
})

it('keeps what is just within the bounds', async () => {
  const title = '𝕏'.repeat(300)
  const metadata = { 'a.b': { c: [1, 2.5, true, null, 'ü'] }, constructor: 'x', toString: 'y', hasOwnProperty: null }
  const post = await write(test, author, { title, kind: 'k'.repeat(50), excerpt: 'e'.repeat(1_000), metadata, tags: [] })
  expect(post).toMatchObject({ title, metadata })
  const content = `${'𝕏'.repeat(199_999)}\n`
  expect((await change(test, author, 'updatePost', { postId: post.id, content })).content).toBe(content)
})

describe('metadata', () => {
  it('is merged key by key, and null removes a key', async () => {
    const { id } = await write(test, author, { metadata: { kept: { a: 1, b: 2 }, changed: 1, removed: true } })
    const { metadata } = await change(test, author, 'updatePost', {
      postId: id,
      metadata: { changed: { c: null }, removed: null, absent: null, added: [] },
    })
    expect(metadata).toEqual({ kept: { a: 1, b: 2 }, changed: { c: null }, added: [] })
  })

  it('is held to its bounds after the merge too', async () => {
    const keys = (from: number, count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${from + index}`, 1]))
    const { id } = await write(test, author, { metadata: keys(0, 150) })
    const answer = await tell(test, author, 'updatePost', { postId: id, title: 'Unwritten', metadata: keys(150, 51) })
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.metadata']])
    expect(await change(test, author, 'updatePost', { postId: id, metadata: keys(150, 50) })).toMatchObject({
      title: 'A post',
      revision: 2,
    })
  })
})

describe('an id of another type, or none', () => {
  const wrong = [
    '',
    'x',
    'post_',
    'post_01',
    'user_01h00000000000000000000000',
    'POST_01h00000000000000000000000',
    '1',
    `post_${'0'.repeat(1_000_000)}`,
    'post_\0',
  ]

  it('is BAD_USER_INPUT in a query and in each mutation', async () => {
    for (const id of wrong) {
      expect([id.slice(0, 40), codesOf(await test.ask('query ($id: ID!) { post(id: $id) { id } }', { id }))]).toEqual([
        id.slice(0, 40),
        ['BAD_USER_INPUT'],
      ])
      const mutations = ['updatePost', 'publishPost', 'unpublishPost', 'deletePost', 'restorePostRevision', 'createPostPreview']
      for (const field of mutations) {
        const input = { postId: id, ...(field === 'restorePostRevision' && { revision: 1 }) }
        const answer = await tell(test, author, field, input, '__typename')
        expect([field, codesOf(answer), issuePathsOf(answer)]).toEqual([field, ['BAD_USER_INPUT'], ['input.postId']])
      }
    }
  })
})
