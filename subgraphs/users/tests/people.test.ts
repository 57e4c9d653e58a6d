import type { Asking } from '@ashlar/kit/caller'
import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newestList, searchList } from '../src/sql/people.js'
import { type Instance, type Person, startInstance } from './instance.js'

const SEARCH = `query ($search: String, $first: Int! = 20, $after: String) {
  users(search: $search, first: $first, after: $after) { nodes { username } totalCount pageInfo { hasNextPage endCursor } }
}`
const BLOCK = 'mutation ($id: ID!) { blockUser(input: { userId: $id }) { viewer { blockedUsers { nodes { username } } } } }'
const UNBLOCK = 'mutation ($id: ID!) { unblockUser(input: { userId: $id }) { viewer { blockedUsers { totalCount } } } }'

interface Found {
  readonly users: {
    readonly nodes: { readonly username: string }[]
    readonly totalCount: number
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  }
}

describe('people', () => {
  let users: Instance
  let ada: Person
  beforeAll(async () => {
    users = await startInstance()
    ada = await users.signUp('ada', { displayName: 'Augusta Ada' })
  })
  afterAll(() => users.close())

  /** A person without a password, in one statement. */
  const insert = async (username: string, displayName: string): Promise<string> => {
    const id = newId()
    await users.database.admin.query('insert into users.account (id, username, display_name) values ($1, $2, $3)', [
      id,
      username,
      displayName,
    ])
    return id
  }
  const search = async (text: string, asking: Asking = ada.asking) =>
    (await users.data<Found>(SEARCH, { search: text }, asking)).users.nodes.map(({ username }) => username)
  const idOf = (uuid: string) => encodeId('user', uuid)

  it('are found by a prefix of their username or display name, best match first', async () => {
    await insert('marble', 'Zoë')
    await insert('zed', 'Marble Arch')
    await insert('marb', 'Yan')
    await insert('xena', 'marb')
    await insert('marblehead', 'Marblehead')
    await insert('wall', 'No marble here')
    expect(await search('marb')).toEqual(['marb', 'xena', 'marble', 'zed', 'marblehead'])
    expect(await search(' MARBLE ')).toEqual(['marble', 'zed', 'marblehead'])
  })

  it.each(['%', '_', '\\', "'", '[a-z]', '.*', 'a%', 'a_a', '\u{10FFFF}'])('are not found by %s, which is no pattern', async (text) => {
    expect(await search(text)).toEqual([])
  })

  it('are found by letters of every script, however they are composed', async () => {
    await insert('greek', 'Ωμέγα')
    await insert('french', 'Éloïse')
    expect(await search('ωμέ')).toEqual(['greek'])
    expect(await search('élo'.normalize('NFD'))).toEqual(['french'])
  })

  it('come page by page, each once', async () => {
    for (let index = 0; index < 25; index += 1) await insert(`paged_${String(index).padStart(2, '0')}`, `Paged ${index % 3}`)
    const seen: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { users: page }: Found = await users.data(SEARCH, { search: 'paged', first: 7, after }, ada.asking)
      seen.push(...page.nodes.map(({ username }) => username))
      expect(page.totalCount).toBe(25)
      after = page.pageInfo.endCursor
      more = page.pageInfo.hasNextPage
    }
    expect(new Set(seen).size).toBe(25)
    expect(seen).toHaveLength(25)
  })

  it('are not paged with the cursor of another search', async () => {
    const { users: page } = await users.data<Found>(SEARCH, { search: 'paged', first: 1 }, ada.asking)
    const answer = await users.ask(SEARCH, { search: 'marb', after: page.pageInfo.endCursor }, ada.asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['after']])
  })

  it('without a search are listed to users:admin alone, newest first', async () => {
    for (const text of [null, '', '  ']) expect(codesOf(await users.ask(SEARCH, { search: text }, ada.asking))).toEqual(['FORBIDDEN'])
    await insert('newest', 'Newest')
    const { users: all } = await users.data<Found>(SEARCH, {}, askingAs({ role: 'ADMIN' }))
    expect(all.nodes[0]).toEqual({ username: 'newest' })
  })

  it('are searched by nobody without a sign-in, and by 200 characters at most', async () => {
    expect(codesOf(await users.ask(SEARCH, { search: 'a' }))).toEqual(['UNAUTHENTICATED'])
    const answer = await users.ask(SEARCH, { search: 'x'.repeat(201) }, ada.asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['search']])
    expect(codesOf(await users.ask(SEARCH, { search: 'a\u0000' }, ada.asking))).toEqual(['BAD_USER_INPUT'])
  })

  it('are searched and listed by index, whatever their number', async () => {
    const { admin } = users.database
    await admin.query(
      `insert into users.account (id, username, display_name) select gen_random_uuid(), 'bulk_' || n, 'Bulk ' || n from generate_series(1, 20000) n`,
    )
    await admin.query('analyze users.account')
    await admin.query('set search_path = users')
    // A page as the kit asks for it; behind a cursor where there is one.
    const readFor = async ({ from, where, order, values }: ReturnType<typeof searchList>, cursor?: readonly unknown[]) => {
      const keys = order.map(({ sql }) => sql).join(', ')
      const at = order.map(({ type }, index) => `$${values.length + index + 1}::${type}`).join(', ')
      const by = order.map(({ sql, descending }) => `${sql} ${descending ? 'desc' : 'asc'}`).join(', ')
      const behind = cursor ? `and (${keys}) > (${at})` : ''
      const query = `explain (analyze, format json) select account.id from ${from} where ${where} ${behind} order by ${by} limit 21`
      const { rows } = await admin.query(query, [...values, ...(cursor ?? [])])
      return Math.max(...accountRowsIn(rows[0]['QUERY PLAN'][0].Plan))
    }
    for (const search of ['bulk_1', 'Bulk 1']) {
      expect(await readFor(searchList(ada.id, search))).toBeLessThan(200)
      expect(await readFor(searchList(ada.id, search), ['bulk_15000', 0, ada.id])).toBeLessThan(200)
      expect(await readFor(searchList(ada.id, search), ['bulk 15000', 1, ada.id])).toBeLessThan(200)
    }
    expect(await readFor(newestList(ada.id))).toBeLessThan(200)
    await admin.query(`delete from users.account where username like 'bulk%'`)
  })

  it('who have blocked somebody are not found by them, and by all others', async () => {
    const shy = await users.signUp('shy')
    const nosy = await users.signUp('nosy')
    expect(await search('shy', nosy.asking)).toEqual(['shy'])
    expect(await users.data(BLOCK, { id: idOf(nosy.id) }, shy.asking)).toEqual({
      blockUser: { viewer: { blockedUsers: { nodes: [{ username: 'nosy' }] } } },
    })
    expect(codesOf(await users.ask(BLOCK, { id: idOf(nosy.id) }, shy.asking))).toEqual([])
    expect(await search('shy', nosy.asking)).toEqual([])
    expect((await users.data<Found>(SEARCH, { search: 'shy' }, nosy.asking)).users.totalCount).toBe(0)
    expect(await search('shy')).toEqual(['shy'])
    expect(await search('nosy', shy.asking)).toEqual(['nosy'])
    expect(await users.data(UNBLOCK, { id: idOf(nosy.id) }, shy.asking)).toEqual({
      unblockUser: { viewer: { blockedUsers: { totalCount: 0 } } },
    })
    expect(await search('shy', nosy.asking)).toEqual(['shy'])
  })

  it('block neither themselves nor who is not there', async () => {
    const own = await users.ask(BLOCK, { id: idOf(ada.id) }, ada.asking)
    expect([codesOf(own), issuePathsOf(own)]).toEqual([['BAD_USER_INPUT'], ['input.userId']])
    expect(codesOf(await users.ask(BLOCK, { id: idOf(newId()) }, ada.asking))).toEqual(['NOT_FOUND'])
    expect(codesOf(await users.ask(BLOCK, { id: 'x' }, ada.asking))).toEqual(['BAD_USER_INPUT'])
  })

  it('are read by id and by username, in any case', async () => {
    const query = 'query ($id: ID!, $username: String!) { user(id: $id) { username } userByUsername(username: $username) { displayName } }'
    expect(await users.data(query, { id: idOf(ada.id), username: 'ADA' })).toEqual({
      user: { username: 'ada' },
      userByUsername: { displayName: 'Augusta Ada' },
    })
    expect(await users.data(query, { id: idOf(newId()), username: `${'x'.repeat(5_000)}\u0000` })).toEqual({
      user: null,
      userByUsername: null,
    })
    const wrong = await users.ask('{ user(id: "post_01kb3pxw00e8rtg8g2xk2wy3h4") { username } }')
    expect([codesOf(wrong), issuePathsOf(wrong)]).toEqual([['BAD_USER_INPUT'], ['id']])
  })

  it('are null as entities where there is none, or by a wrong id', async () => {
    const entities = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { username } } }'
    const ids = [idOf(ada.id), idOf(newId()), 'post_01kb3pxw00e8rtg8g2xk2wy3h4', 'x']
    const { data, errors } = await users.ask(entities, { representations: ids.map((id) => ({ __typename: 'User', id })) })
    expect([data, errors]).toEqual([{ _entities: [{ username: 'ada' }, null, null, null] }, undefined])
  })

  it('are viewers only as themselves', async () => {
    expect(await users.data('{ viewer { userId } }')).toEqual({ viewer: null })
    const entities = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Viewer { email } } }'
    const other = await users.signUp('other')
    const representations = [ada, other].map(({ id }) => ({ __typename: 'Viewer', userId: idOf(id) }))
    expect(await users.data(entities, { representations }, ada.asking)).toEqual({ _entities: [{ email: ada.email }, null] })
  })
})

interface Plan {
  readonly 'Relation Name'?: string
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** How many rows of accounts each node of a plan has looked at. */
function accountRowsIn(plan: Plan): number[] {
  const own = ((plan['Actual Rows'] ?? 0) + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return [...(plan['Relation Name'] === 'account' ? [own] : []), ...(plan.Plans ?? []).flatMap(accountRowsIn)]
}
