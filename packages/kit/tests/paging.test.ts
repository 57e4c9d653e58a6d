import { countStatements, startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { AshlarError } from '../src/errors.js'
import { type Connection, type List, type PageArgs, pageOf, pagesByParent } from '../src/paging.js'

interface Row {
  readonly name: string
}

let database: TestDatabase
const db = () => database.service('things')

beforeAll(async () => {
  database = await startTestDatabase({ services: ['things'] })
  await database.admin.query(`
    create table things.thing (id uuid primary key, owner uuid not null, name text not null, at timestamptz not null, score float8 not null);
    insert into things.thing
    select gen_random_uuid(), ('00000000-0000-0000-0000-00000000000' || n % 3)::uuid, 'n' || lpad(n::text, 3, '0'),
      -- Three at a time share a microsecond's time, so that the second key has to decide.
      timestamptz '2026-01-01 00:00:00.000001Z' + (n / 3) * interval '1 microsecond', (n % 7) / 3.0
    from generate_series(0, 59) n;
    grant select on things.thing to public`)
})
afterAll(() => database.close())

const newest: List = {
  name: 'things',
  columns: 'thing.name',
  from: 'thing',
  where: 'true',
  values: [],
  order: [
    { sql: 'thing.at', type: 'timestamptz', descending: true },
    { sql: 'thing.id', type: 'uuid', descending: true },
  ],
}
const mixed: List = {
  ...newest,
  order: [
    { sql: 'thing.score', type: 'float8', descending: true },
    { sql: 'thing.name', type: 'text' },
  ],
}

async function walk(list: List, size: number, backward = false): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null = null
  for (;;) {
    const args: PageArgs = backward ? { last: size, before: cursor } : { first: size, after: cursor }
    const page: Connection<Row> = await pageOf<Row>(db(), list, args)
    const names = page.nodes.map(({ name }) => name)
    if (backward) seen.unshift(...names)
    else seen.push(...names)
    cursor = backward ? page.pageInfo.startCursor : page.pageInfo.endCursor
    if (!(backward ? page.pageInfo.hasPreviousPage : page.pageInfo.hasNextPage)) return seen
  }
}

const issues = (list: List, args: PageArgs): Promise<unknown> =>
  pageOf(db(), list, args).then(
    () => 'no error',
    (error: AshlarError) => [error.code, (error.extensions.issues as { path: unknown[] }[]).map(({ path }) => path.join('.'))],
  )

describe('a page by keyset', () => {
  it.each([
    ['one direction', newest, 'at desc, id desc'],
    ['mixed directions', mixed, 'score desc, name'],
  ])('comes to the whole list, forwards and backwards, in %s', async (_, list, order) => {
    const { rows } = await database.admin.query(`select name from things.thing order by ${order}`)
    const all = rows.map(({ name }) => name)
    for (const size of [1, 7, 100]) {
      expect(await walk(list, size)).toEqual(all)
      expect(await walk(list, size, true)).toEqual(all)
    }
  })

  it('neither repeats nor skips a row when others come and go between two pages', async () => {
    const first = await pageOf<Row>(db(), newest, { first: 10 })
    await database.admin.query(`insert into things.thing values (gen_random_uuid(), gen_random_uuid(), 'late', now(), 0)`)
    const second = await pageOf<Row>(db(), newest, { first: 10, after: first.pageInfo.endCursor })
    await database.admin.query(`delete from things.thing where name = 'late'`)
    const both = await pageOf<Row>(db(), newest, { first: 20 })
    expect([...first.nodes, ...second.nodes]).toEqual(both.nodes)
  })

  it('costs one statement, and one more where the total is asked for', async () => {
    const { result, statements } = await countStatements(() => pageOf<Row>(db(), newest, { first: 5 }))
    expect(statements).toHaveLength(1)
    const counted = await countStatements(() => result.totalCount())
    expect([counted.result, counted.statements.length]).toEqual([60, 1])
  })

  it('answers the same page of many parents in one statement, and all of their counts in one', async () => {
    const parents = [0, 1, 2, 7].map((n) => `00000000-0000-0000-0000-00000000000${n}`)
    const list = { ...newest, where: 'thing.owner = parent.id and thing.name <> $1', values: ['n000'] }
    const { result, statements } = await countStatements(async () => {
      const pages = await pagesByParent<Row>(db(), list, parents, { first: 4 })
      return { pages, counts: await Promise.all(pages.map((page) => page.totalCount())) }
    })
    expect(statements).toHaveLength(2)
    expect(result.counts).toEqual([19, 20, 20, 0])
    expect(result.pages.map(({ nodes }) => nodes.length)).toEqual([4, 4, 4, 0])
    const alone = await pageOf<Row>(
      db(),
      { ...list, where: 'thing.owner = $2 and thing.name <> $1', values: ['n000', parents[1]] },
      { first: 4 },
    )
    expect(result.pages[1]?.nodes).toEqual(alone.nodes)
  })

  it('refuses sizes out of 1 to 100, and first together with last', async () => {
    for (const first of [0, -1, 101, 1.5, Number.NaN]) expect(await issues(newest, { first })).toEqual(['BAD_USER_INPUT', ['first']])
    expect(await issues(newest, { last: 101 })).toEqual(['BAD_USER_INPUT', ['last']])
    expect(await issues(newest, { first: 1, last: 1 })).toEqual(['BAD_USER_INPUT', ['last']])
  })

  it('refuses the cursor of another list, filter or order, and what is none, before any statement', async () => {
    const { pageInfo } = await pageOf(db(), newest, { first: 1 })
    const own = pageInfo.endCursor ?? ''
    const scope = Buffer.from(own, 'base64url').toString().slice(0, 8)
    const forged = (keys: unknown) => Buffer.from(scope + JSON.stringify(keys)).toString('base64url')
    const hostile = [
      ...['', '%', own.slice(2), 'x'.repeat(5_000), forged([]), forged(['now', 1]), forged('x'), forged({ length: 2 })],
      ...[forged(['2026-01-01T00:00:00Z', "' or true --"]), forged(['99999-01-01T00:00:00Z', null])],
    ]
    const { statements } = await countStatements(async () => {
      for (const after of hostile) expect(await issues(newest, { after })).toEqual(['BAD_USER_INPUT', ['after']])
      for (const other of [{ ...newest, name: 'others' }, { ...newest, scope: { status: 'DRAFT' } }, mixed])
        expect(await issues(other, { after: own })).toEqual(['BAD_USER_INPUT', ['after']])
    })
    expect(statements).toEqual([])
  })
})
