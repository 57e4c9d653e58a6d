import { countStatements } from '@ashlar/database/testing'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { atOnce, type PostsTest, startPosts, userIdOf, write } from './writing.js'

const ROWS = 5_000

let test: PostsTest
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
  await atOnce(20, () => write(test, author))
  // Enough of them that a plan without an index would show; most are drafts of one person, as on a site that somebody floods.
  await test.database.service('posts').query(
    `insert into post (id, author_id, kind, slug, title, content, html, opening, reading_minutes, status, published_at, created_at, updated_at)
     select gen_random_uuid(), ('00000000-0000-7000-8000-' || lpad((number % 50)::text, 12, '0'))::uuid, (array['post', 'page', 'changelog'])[1 + number % 3],
       'filler-' || number, 'Filler ' || md5(number::text), 'word' || (number % 1000) || ' and ' || md5((-number)::text), '', '', 1,
       (case when number % 5 = 0 then 'DRAFT' else 'PUBLISHED' end)::post_status,
       case when number % 5 = 0 then null else '2026-01-01'::timestamptz + number * interval '1 minute' end,
       '2026-01-01'::timestamptz + number * interval '1 minute', '2026-01-01'::timestamptz + number * interval '1 minute'
     from generate_series(1, $1::int) number`,
    [ROWS],
  )
  await test.database.admin.query('analyze posts.post')
})
afterAll(() => test.close())

const statementsOf = async (query: string, variables: object = {}, asking = askingAsNobody()): Promise<string[]> =>
  (await countStatements(() => test.data(query, { ...variables }, asking))).statements

describe('a list costs a fixed number of statements', () => {
  it.each([
    ['its authors known by their id', 1, 'title author { id }'],
    ['its texts', 2, 'title content html'],
    ['its neighbours', 3, 'title newer { title } older { title }'],
    ['its former slugs', 2, 'title formerSlugs'],
    ['its revisions', 3, 'title revisions(first: 2) { nodes { title content } }'],
  ])('with %s: %i', async (_, count, selection) => {
    for (const first of [1, 20]) {
      const query = `{ posts(filter: { authorId: "${userIdOf(author)}" }, first: ${first}) { nodes { ${selection} } } }`
      expect(await statementsOf(query, {}, author)).toHaveLength(count)
    }
  })

  it('and so do the posts of many users, with their numbers', async () => {
    const query = `query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { postCount posts(first: 3) { totalCount nodes { title } } } } }`
    for (const count of [1, 30]) {
      const users = Array.from({ length: count }, () => ({ __typename: 'User', id: userIdOf(askingAs()) }))
      expect(await statementsOf(query, { users })).toHaveLength(3)
    }
  })

  it('and one post, read with its text, a single one', async () => {
    const { posts } = await test.data<{ posts: { nodes: { id: string; slug: string }[] } }>('{ posts(first: 1) { nodes { id slug } } }')
    const [post] = posts.nodes
    expect(await statementsOf(`{ post(id: "${post?.id}") { title content html } }`)).toHaveLength(1)
    expect(await statementsOf(`{ postBySlug(slug: "${post?.slug}") { title content html } }`)).toHaveLength(1)
  })

  it('and a reference to a user none', async () => {
    const users = [{ __typename: 'User', id: userIdOf(author) }]
    expect(await statementsOf('query ($users: [_Any!]!) { _entities(representations: $users) { ... on User { id } } }', { users })).toEqual(
      [],
    )
  })
})

describe('along an index, without reading or sorting the whole, goes', () => {
  const plans: readonly [string, string, string][] = [
    ['the front page', '{ posts { nodes { title } } }', 'post_published_idx'],
    ['the oldest', '{ posts(orderBy: OLDEST) { nodes { title } } }', 'post_published_idx'],
    ['the latest changed', '{ posts(orderBy: RECENTLY_UPDATED) { nodes { title } } }', 'post_updated_idx'],
    [
      'what changed since a while',
      '{ posts(orderBy: RECENTLY_UPDATED, filter: { updatedAfter: "2026-01-04T00:00:00Z" }) { nodes { title } } }',
      'post_updated_idx',
    ],
    ['the alphabet', '{ posts(orderBy: TITLE) { nodes { title } } }', 'post_title_idx'],
    ['one kind', '{ posts(filter: { kind: "page" }) { nodes { title } } }', 'post_kind_idx'],
    ['one author', `{ posts(filter: { authorId: "${userIdOf(author)}" }) { nodes { title } } }`, 'post_author_idx'],
    ['drafts, for moderators', '{ posts(filter: { status: DRAFT }) { nodes { title } } }', 'post_draft_idx'],
    ['what is planned, for moderators', '{ posts(filter: { status: SCHEDULED }) { nodes { title } } }', 'post_scheduled_idx'],
    ["the viewer's own", '{ viewer { posts { nodes { title } } } }', 'post_own_idx'],
    [
      "each user's",
      `{ _entities(representations: [{ __typename: "User", id: "${userIdOf(author)}" }]) { ... on User { posts { nodes { title } } } } }`,
      'post_author_idx',
    ],
    ['a neighbour', `{ posts(filter: { authorId: "${userIdOf(author)}" }, first: 1) { nodes { newer { id } } } }`, 'post_kind_idx'],
  ]

  it.each(plans)('%s', async (_, query, index) => {
    const statement = (await statementsOf(query, {}, askingAs({ role: 'MODERATOR', userId: author.identity?.userId ?? '' }))).at(-1) ?? ''
    const plan = await explain(statement)
    expect(plan).toContain(index)
    expect(plan).not.toMatch(/Seq Scan on post|Sort/)
  })

  it('the second page too', async () => {
    const { posts } = await test.data<{ posts: { pageInfo: { endCursor: string } } }>('{ posts { pageInfo { endCursor } } }')
    const [statement = ''] = await statementsOf('query ($after: String) { posts(after: $after) { nodes { title } } }', {
      after: posts.pageInfo.endCursor,
    })
    const plan = await explain(statement)
    expect(plan).toMatch(/Index Scan using post_published_idx[\s\S]*Index Cond: \(ROW\(published_at, id\) < ROW/)
    expect(plan).not.toMatch(/Seq Scan|Sort/)
  })

  it('a search, whatever its order', async () => {
    for (const orderBy of ['RELEVANCE', 'NEWEST']) {
      const [statement = ''] = await statementsOf(`{ posts(filter: { search: "word7" }, orderBy: ${orderBy}) { nodes { title } } }`)
      expect(await explain(statement)).toContain('post_search_idx')
    }
  })

  it('a slug, former or present', async () => {
    const plan = await explain((await statementsOf('{ postBySlug(slug: "filler-7") { id } }'))[0] ?? '')
    expect(plan).toContain('post_slug_key')
    expect(plan).not.toMatch(/Seq Scan on post/)
  })
})

/** The plan that serves any values of a statement's parameters. */
async function explain(statement: string): Promise<string> {
  await test.database.admin.query('set search_path = posts')
  const { rows } = await test.database.admin.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${statement}`)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}
