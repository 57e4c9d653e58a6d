import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { atOnce, change, idBySlug, type PostsTest, read, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
})
afterAll(() => test.close())

describe('a slug made from a title', () => {
  it.each([
    ["It's A Small World!", 'its-a-small-world'],
    ['  Crème brûlée — 3 ways  ', 'crème-brûlée-3-ways'],
    ['Ｆｕｌｌ ｗｉｄｔｈ', 'full-width'],
    ['Привет, мир', 'привет-мир'],
    ['東京の朝', '東京の朝'],
    ['שלום עולם', 'שלום-עולם'],
    ['مرحبا بالعالم', 'مرحبا-بالعالم'],
    ['नमस्ते दुनिया', 'नमस्ते-दुनिया'],
    ['สวัสดีชาวโลก', 'สวัสดีชาวโลก'],
    ['안녕, 세계', '안녕-세계'],
    ['soft\u00adhyphen and zero\u200bwidth', 'softhyphen-and-zerowidth'],
    ['Straße', 'straße'],
    ['a/b\\c?d#e%2f..', 'a-b-c-d-e-2f'],
    ['e\u0301te\u0301', 'été'],
  ])('keeps the letters of %j', async (title, slug) => {
    expect((await write(test, author, { title })).slug).toBe(slug)
  })

  it('is the kind for a title without a letter or digit', async () => {
    expect((await write(test, author, { title: '🎉🎉', kind: 'changelog' })).slug).toBe('changelog')
    expect((await write(test, author, { title: '¡!', kind: 'changelog' })).slug).toBe('changelog-2')
    expect((await write(test, author, { title: '\u3164', kind: '\u3164' })).slug).toBe('post')
  })

  it('ends with a whole word, at a length that has room for a number', async () => {
    const { slug } = await write(test, author, { title: 'word '.repeat(60) })
    expect(slug).toMatch(/^word(-word)+$/)
    expect([...slug].length).toBeLessThanOrEqual(100)
    expect([...(await write(test, author, { title: '𝕏'.repeat(150) })).slug]).toHaveLength(100)
  })

  it('gets the next number where it is taken, 50 at once', async () => {
    const posts = await atOnce(50, () => write(test, askingAs(), { title: 'The same title' }))
    const expected = ['the-same-title', ...Array.from({ length: 49 }, (_, index) => `the-same-title-${index + 2}`)]
    expect(posts.map(({ slug }) => slug).sort()).toEqual(expected.sort())
  })

  it('takes a number that has become free', async () => {
    const posts = [await write(test, author, { title: 'Freed' }), await write(test, author, { title: 'Freed' })]
    await tell(test, author, 'deletePost', { postId: posts[1]?.id }, 'deletedPostId')
    expect((await write(test, author, { title: 'Freed' })).slug).toBe('freed-2')
  })

  it('stays where the title changes, and is made anew where it is cleared', async () => {
    const { id } = await write(test, author, { title: 'Before' })
    expect((await change(test, author, 'updatePost', { postId: id, title: 'After' })).slug).toBe('before')
    expect((await change(test, author, 'updatePost', { postId: id, slug: null })).slug).toBe('after')
    expect((await change(test, author, 'updatePost', { postId: id, slug: null })).slug).toBe('after')
  })

  it('gets the next number where 50 clear theirs at once', async () => {
    const posts = await atOnce(50, (index) => write(test, author, { title: 'Cleared', slug: `to-clear-${index}` }))
    const cleared = await atOnce(50, (index) => change(test, author, 'updatePost', { postId: posts[index]?.id, slug: null }))
    expect(new Set(cleared.map(({ slug }) => slug)).size).toBe(50)
    expect(cleared.every(({ slug }) => /^cleared(-\d+)?$/.test(slug))).toBe(true)
  })
})

describe('a slug that was given', () => {
  it('is kept in lower case and one form', async () => {
    const { id, slug } = await write(test, author, { slug: 'Cafe\u0301-Nr-２' })
    expect(slug).toBe('café-nr-2')
    for (const asked of ['café-nr-2', 'CAFÉ-NR-2', 'cafe\u0301-nr-2']) expect(await idBySlug(test, asked)).toBe(id)
  })

  it('is one of letters and digits of any script with single hyphens', async () => {
    for (const slug of ['слово-и-дело', '東京', 'a', '2026', 'ελληνικά-1']) expect((await write(test, author, { slug })).slug).toBe(slug)
    const bad = [
      '',
      ' ',
      '-a',
      'a-',
      'a--b',
      'a b',
      'a/b',
      '..',
      'a_b',
      'a\u200bb',
      '\u3164',
      '\u0301a',
      'a\nb',
      'a\0b',
      '😀',
      'x'.repeat(201),
      '\ud800',
    ]
    for (const slug of bad) {
      const answer = await tell(test, author, 'createPost', { title: 'Bad', content: '', slug })
      expect([slug, codesOf(answer), issuePathsOf(answer)]).toEqual([slug, ['BAD_USER_INPUT'], ['input.slug']])
    }
  })

  it('is CONFLICT where it is taken, and nothing is written', async () => {
    const first = await write(test, author, { slug: 'taken' })
    const created = await tell(test, askingAs(), 'createPost', { title: 'Other', content: '', slug: 'TAKEN' })
    expect(created.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'slug' })
    const other = await write(test, author, { slug: 'other' })
    const updated = await tell(test, author, 'updatePost', { postId: other.id, title: 'New title', slug: 'taken' })
    expect(updated.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'slug' })
    expect(await read(test, other.id)).toMatchObject({ title: other.title, slug: 'other', revision: 1 })
    expect(await idBySlug(test, 'taken')).toBe(first.id)
  })

  it('is for one alone of 50 who want it at once', async () => {
    const answers = await atOnce(50, () => tell(test, askingAs(), 'createPost', { title: 'Wanted', content: '', slug: 'wanted' }))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(Array(49).fill('CONFLICT'))
  })

  it('gives either both or a CONFLICT to two posts that swap theirs at once', async () => {
    const [left, right] = [await write(test, author, { slug: 'left' }), await write(test, author, { slug: 'right' })]
    const answers = await Promise.all([
      tell(test, author, 'updatePost', { postId: left.id, slug: 'right' }),
      tell(test, author, 'updatePost', { postId: right.id, slug: 'left' }),
    ])
    expect(answers.flatMap(codesOf).every((code) => code === 'CONFLICT')).toBe(true)
    const slugs = [await read(test, left.id), await read(test, right.id)].map((post) => post?.slug)
    expect(slugs.sort()).toEqual(['left', 'right'])
  })
})

describe('a slug that a rename left behind', () => {
  it('leads to the post still', async () => {
    const { id } = await write(test, author, { slug: 'first-name' })
    await change(test, author, 'updatePost', { postId: id, slug: 'second-name' })
    const renamed = await change(test, author, 'updatePost', { postId: id, slug: 'third-name' })
    expect(renamed.formerSlugs).toEqual(['second-name', 'first-name'])
    for (const slug of ['first-name', 'second-name', 'third-name']) expect(await idBySlug(test, slug)).toBe(id)
    expect((await change(test, author, 'updatePost', { postId: id, slug: 'first-name' })).formerSlugs).toEqual([
      'third-name',
      'second-name',
    ])
  })

  it('gives way to a post that has it now, and leads back once that is gone', async () => {
    const old = await write(test, author, { slug: 'news' })
    await change(test, author, 'updatePost', { postId: old.id, slug: 'old-news' })
    const live = await write(test, author, { slug: 'news' })
    expect(await idBySlug(test, 'news')).toBe(live.id)
    expect((await read(test, old.id))?.formerSlugs).toEqual([])
    await tell(test, author, 'deletePost', { postId: live.id }, 'deletedPostId')
    expect(await idBySlug(test, 'news')).toBe(old.id)
    expect((await read(test, old.id))?.formerSlugs).toEqual(['news'])
  })

  it('leads to whoever left it last', async () => {
    const early = await write(test, author, { slug: 'shared' })
    await change(test, author, 'updatePost', { postId: early.id, slug: 'early' })
    const late = await write(test, author, { slug: 'shared' })
    await change(test, author, 'updatePost', { postId: late.id, slug: 'late' })
    expect(await idBySlug(test, 'shared')).toBe(late.id)
    expect((await read(test, early.id))?.formerSlugs).toEqual([])
    expect((await read(test, late.id))?.formerSlugs).toEqual(['shared'])
  })

  it('is not hidden by a draft that only its author sees', async () => {
    const shown = await write(test, author, { slug: 'in-use' })
    await change(test, author, 'updatePost', { postId: shown.id, slug: 'moved' })
    const other = askingAs()
    const draft = await write(test, other, { slug: 'in-use', publish: false })
    expect(await idBySlug(test, 'in-use', askingAsNobody())).toBe(shown.id)
    expect(await idBySlug(test, 'in-use', other)).toBe(draft.id)
    expect((await read(test, shown.id))?.formerSlugs).toEqual(['in-use'])
  })

  it('leads nowhere for those who may not see the post', async () => {
    const draft = await write(test, author, { slug: 'secret', publish: false })
    await change(test, author, 'updatePost', { postId: draft.id, slug: 'secret-too' })
    expect(await idBySlug(test, 'secret')).toBeNull()
    expect(await idBySlug(test, 'secret', author)).toBe(draft.id)
  })

  it('is forgotten beyond the latest 100', async () => {
    const { id } = await write(test, author, { slug: 'many-0' })
    for (let name = 1; name <= 102; name += 1) {
      const { data } = await tell(test, author, 'updatePost', { postId: id, slug: `many-${name}` }, 'post { slug }')
      expect(data?.done).toEqual({ post: { slug: `many-${name}` } })
    }
    expect((await read(test, id))?.formerSlugs).toHaveLength(100)
    expect(await idBySlug(test, 'many-0')).toBeNull()
    expect(await idBySlug(test, 'many-2')).toBe(id)
  })
})

it('answers null for any slug that nothing has', async () => {
  for (const slug of ['', 'nothing', 'a\0b', '\ud800', 'x'.repeat(1_000_000), "'; drop table post; --"])
    expect(await idBySlug(test, slug)).toBeNull()
})
