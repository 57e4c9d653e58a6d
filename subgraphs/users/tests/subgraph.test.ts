import { countStatements } from '@ashlar/database/testing'
import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs } from '@ashlar/kit/testing/callers'
import { describeSubgraph } from '@ashlar/kit/testing/describe-subgraph'
import { startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { describe, expect, it } from '@jest/globals'
import { subgraph } from '../src/index.js'

type Users = Pick<TestSubgraph<unknown>, 'database'>

async function people({ database }: Users, count: number, prefix: string): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  await database.admin.query(
    `insert into users.account (id, username, display_name) select id, $2 || n, 'Person ' || n from unnest($1::uuid[]) with ordinality as made (id, n)`,
    [ids, prefix],
  )
  return ids
}

async function sessions({ database }: Users, accountId: string, count: number): Promise<void> {
  await database.admin.query(
    `insert into users.session (id, account_id, expires_at, last_used_at)
     select gen_random_uuid(), $1, now() + interval '1 day', now() - n * interval '1 minute' from generate_series(1, $2) n`,
    [accountId, count],
  )
}

const LIST = 'nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } totalCount'

describeSubgraph(subgraph, {
  entities: {
    User: async (test, count) => ({ ids: (await people(test, count, 'entity_')).map((id) => encodeId('user', id)) }),
  },
  lists: {
    'Query.users': async (test) => {
      await people(test, 7, 'listed_')
      return {
        asking: askingAs({ role: 'ADMIN' }),
        query: `query ($first: Int!, $after: String) { list: users(first: $first, after: $after) { ${LIST} } }`,
      }
    },
    'Viewer.sessions': async (test) => {
      const [userId = ''] = await people(test, 1, 'signed_in_')
      await sessions(test, userId, 6)
      return {
        asking: askingAs({ userId }),
        query: `query ($first: Int!, $after: String) { viewer { list: sessions(first: $first, after: $after) { ${LIST} } } }`,
      }
    },
    'Viewer.apiKeys': async (test) => {
      const [userId = ''] = await people(test, 1, 'with_keys_')
      await test.database.admin.query(
        `insert into users.api_key (id, account_id, name, prefix, hash, scopes)
         select gen_random_uuid(), $1, 'k', 'ashlar_', sha256(convert_to(n::text, 'utf8')), '{posts:read}' from generate_series(1, 6) n`,
        [userId],
      )
      return {
        asking: askingAs({ userId }),
        query: `query ($first: Int!, $after: String) { viewer { list: apiKeys(first: $first, after: $after) { ${LIST} } } }`,
      }
    },
    'Viewer.blockedUsers': async (test) => {
      const [userId = '', ...blocked] = await people(test, 7, 'blocker_')
      await test.database.admin.query('insert into users.block (blocker_id, blocked_id) select $1, unnest($2::uuid[])', [userId, blocked])
      return {
        asking: askingAs({ userId }),
        query: `query ($first: Int!, $after: String) { viewer { list: blockedUsers(first: $first, after: $after) { ${LIST} } } }`,
      }
    },
    'User.sessions': async (test) => {
      const [userId = ''] = await people(test, 1, 'watched_')
      await sessions(test, userId, 6)
      return {
        asking: askingAs({ role: 'ADMIN' }),
        query: `query ($first: Int!, $after: String, $id: ID!) { user(id: $id) { list: sessions(first: $first, after: $after) { ${LIST} } } }`,
        variables: { id: encodeId('user', userId) },
      }
    },
  },
})

describe('lists of people', () => {
  it('cost a fixed number of statements, with the sessions of each', async () => {
    const test = await startTestSubgraph(subgraph)
    const ids = await people(test, 30, 'many_')
    for (const id of ids) await sessions(test, id, 2)
    const query =
      'query ($first: Int!) { users(first: $first) { nodes { username role suspendedAt sessions { totalCount nodes { current } } } } }'
    const cost = async (first: number) => {
      const { statements } = await countStatements(() => test.data(query, { first }, askingAs({ role: 'ADMIN' })))
      return statements.filter((text) => !/\bjob\b/.test(text)).length
    }
    await cost(1)
    expect([await cost(1), await cost(30)]).toEqual([3, 3])
    await test.close()
  })
})
