import { askingAs } from '@ashlar/kit/testing/callers'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { change, type PostsTest, startPosts, tell, write } from './writing.js'

let test: PostsTest
const author = askingAs()
const QUERY = `query ($search: String, $orderBy: PostOrder! = RELEVANCE, $first: Int! = 20, $after: String) {
  posts(filter: { search: $search }, orderBy: $orderBy, first: $first, after: $after) { nodes { title } totalCount pageInfo { endCursor hasNextPage } }
}`

interface Found {
  readonly posts: {
    readonly nodes: readonly { readonly title: string }[]
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean }
  }
}

const find = async (search: string, orderBy = 'RELEVANCE'): Promise<string[]> =>
  (await test.data<Found>(QUERY, { search, orderBy })).posts.nodes.map(({ title }) => title)

beforeAll(async () => {
  test = await startPosts()
})
afterAll(() => test.close())

describe('a search', () => {
  it('puts a match in the title before those in the content, and a close one before a passing one', async () => {
    await write(test, author, { title: 'A passing word', content: `granite ${'and other stones '.repeat(200)}` })
    await write(test, author, { title: 'About granite', content: 'Nothing more to say.' })
    await write(test, author, { title: 'In the text', content: 'Granite, and granite again.' })
    expect(await find('GRANITE')).toEqual(['About granite', 'In the text', 'A passing word'])
    expect(await find('granite', 'NEWEST')).toEqual(['In the text', 'About granite', 'A passing word'])
  })

  it('takes words, phrases and exclusions', async () => {
    await write(test, author, { title: 'One', content: 'the slow river bends' })
    await write(test, author, { title: 'Two', content: 'the river is slow' })
    expect(await find('slow river')).toHaveLength(2)
    expect(await find('"slow river"')).toEqual(['One'])
    expect(await find('river -bends')).toEqual(['Two'])
    expect(await find('river or granite')).toHaveLength(5)
  })

  it('takes no notice of signs in and between words', async () => {
    await write(test, author, { title: 'Signs', content: "Don't <b>over-state</b> it: path/to/file, a@b.example, v1.2.3_rc" })
    for (const search of ["don't", 'over-state', '"over state"', 'path/to/file', 'a@b.example', '2.3', 'rc -granite', 'state!'])
      expect([search, await find(search)]).toEqual([search, ['Signs']])
    for (const search of ['state -over', '-"over state" file', '-', '"', '-"', '!!!', '<>'])
      expect([search, await find(search)]).toEqual([search, []])
  })

  it('reads every script, in whatever form it is written', async () => {
    await write(test, author, { title: 'Köln', content: 'Ein Cafe\u0301 am Rhein' })
    await write(test, author, { title: '東京の朝', content: '今日は静かな朝です。' })
    await write(test, author, { title: 'Утро', content: 'В Москве тихо.' })
    expect(await find('café')).toEqual(['Köln'])
    expect(await find('ＫÖＬＮ')).toEqual(['Köln'])
    expect(await find('москве')).toEqual(['Утро'])
    expect(await find('東京')).toEqual(['東京の朝'])
    expect(await find('静かな')).toEqual(['東京の朝'])
    expect(await find('京東')).toEqual([])
    expect(await find('朝 -東京')).toEqual([])
  })

  it('follows what a post says now', async () => {
    const { id } = await write(test, author, { title: 'Fleeting', content: 'quartz' })
    expect(await find('quartz')).toEqual(['Fleeting'])
    await change(test, author, 'updatePost', { postId: id, content: 'feldspar' })
    expect([await find('quartz'), await find('feldspar')]).toEqual([[], ['Fleeting']])
  })

  it('pages by relevance without a gap', async () => {
    for (const count of [1, 2, 2, 3, 3, 3]) await write(test, author, { title: `Basalt ${count}`, content: 'basalt '.repeat(count) })
    const whole = await find('basalt')
    const seen: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { posts }: Found = await test.data<Found>(QUERY, { search: 'basalt', first: 1, after })
      seen.push(...posts.nodes.map(({ title }) => title))
      after = posts.pageInfo.endCursor
      more = posts.pageInfo.hasNextPage
    }
    expect(seen).toEqual(whole)
    expect(whole).toHaveLength(6)
  })

  it('finds nothing for what has no word in it, and breaks on nothing', async () => {
    for (const search of ['!!!', '"', '""', "'", '-', '- -', '& | ! ( ) :* <->', '%', '\\', '\\u0000', 'qx:*xq', '🎉', 'x'.repeat(200)])
      expect([search, await find(search)]).toEqual([search, []])
  })
})

describe('a text that is hard on the index', () => {
  it.each([
    ['one long word', 'x'.repeat(200_000)],
    ['as many words as fit', Array.from({ length: 25_000 }, (_, index) => index.toString(36).padStart(7, 'w')).join(' ')],
    [
      'words within words',
      Array.from(
        { length: 33_000 },
        (_, index) =>
          `${String.fromCodePoint(0x12000 + (index % 900), 0x13000 + ((index * 7) % 1000))}-${String.fromCodePoint(0x13000 + ((index * 13) % 1000), 0x12000 + ((index * 31) % 900))}`,
      )
        .join(' ')
        .slice(0, 390_000),
    ],
    [
      'addresses',
      Array.from({ length: 8_000 }, (_, index) => `https://a${index}.example/b${index}`)
        .join(' ')
        .slice(0, 199_000),
    ],
    ['what grows when it is normalised', '\ufdfa'.repeat(200_000)],
  ])('%s', async (_, content) => {
    const answer = await tell(
      test,
      author,
      'createPost',
      { title: 'Hard', content: [...content].slice(0, 200_000).join(''), publish: true },
      'post { id }',
    )
    expect(codesOf(answer)).toEqual([])
  })
})
