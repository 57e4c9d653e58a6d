import { countStatements } from '@ashlar/database/testing'
import { askingAs } from '@ashlar/kit/testing/callers'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, type Person, passSeconds, startInstance } from './instance.js'

const CREATE = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { id name prefix scopes createdAt lastUsedAt expiresAt } }
}`
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { viewer { apiKeys { totalCount } } } }'

interface Created {
  readonly secret: string
  readonly apiKey: { readonly id: string; readonly prefix: string; readonly scopes: string[]; readonly lastUsedAt: string | null }
}

describe('API keys', () => {
  let users: Instance
  let ada: Person
  beforeAll(async () => {
    users = await startInstance()
    ada = await users.signUp('ada')
  })
  afterAll(() => users.close())

  const create = (input: object = {}, asking = ada.asking) =>
    users.field<Created>('createApiKey', CREATE, { input: { name: 'robot', scopes: ['posts:read'], ...input } }, asking)
  const refused = (secret: string) => expect(users.bearing(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  const shift = (by: string) => users.database.shiftClock('users', by)

  it('are shown once, and kept as a hash', async () => {
    const { secret, apiKey } = await create()
    expect(secret).toMatch(/^ashlar_[\w-]{43}$/)
    expect(secret.startsWith(apiKey.prefix)).toBe(true)
    expect((await users.bearing(secret)).identity).toEqual(
      expect.objectContaining({ userId: ada.id, credential: 'key', scopes: ['posts:read'], authenticatedAt: null }),
    )
    const { rows } = await users.database.admin.query('select row_to_json(t)::text as row from users.api_key t')
    expect(JSON.stringify(rows)).not.toContain(secret.slice(13))
  })

  it('are refused from the moment that they are revoked', async () => {
    const { secret, apiKey } = await create()
    await users.bearing(secret)
    expect(codesOf(await users.ask(REVOKE, { id: apiKey.id }, ada.asking))).toEqual([])
    await refused(secret)
    expect(codesOf(await users.ask(REVOKE, { id: apiKey.id }, ada.asking))).toEqual(['NOT_FOUND'])
  })

  it("are nobody's to revoke but their owner's", async () => {
    const other = await users.signUp('other')
    const { apiKey } = await create()
    expect(codesOf(await users.ask(REVOKE, { id: apiKey.id }, other.asking))).toEqual(['NOT_FOUND'])
    const answer = await users.ask(REVOKE, { id: `user_${apiKey.id.slice(8)}` }, ada.asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.apiKeyId']])
  })

  it('expire', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString()
    const { secret } = await create({ expiresAt })
    await users.bearing(secret)
    await shift('61 minutes')
    const other = await users.another()
    await expect(other.services.credentials.authenticate(`Bearer ${secret}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await shift('0')
    const answer = await users.ask(
      CREATE,
      { input: { name: 'late', scopes: ['posts:read'], expiresAt: '2020-01-01T00:00:00Z' } },
      ada.asking,
    )
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.expiresAt']])
  })

  it('remember their last use to the minute', async () => {
    const { secret } = await create({ name: 'used' })
    const lastUsed = async () => {
      const { viewer } = await users.data<{ viewer: { apiKeys: { nodes: { name: string; lastUsedAt: string | null }[] } } }>(
        '{ viewer { apiKeys(first: 100) { nodes { name lastUsedAt } } } }',
        {},
        ada.asking,
      )
      return viewer.apiKeys.nodes.find(({ name }) => name === 'used')?.lastUsedAt ?? null
    }
    expect(await lastUsed()).toBeNull()
    await users.bearing(secret)
    const first = await lastUsed()
    expect(first).not.toBeNull()
    const other = await users.another()
    await other.services.credentials.authenticate(`Bearer ${secret}`)
    expect(await lastUsed()).toBe(first)
  })

  it('cost no statement each time', async () => {
    const { secret } = await create()
    await users.bearing(secret)
    const { statements } = await countStatements(async () => {
      for (let index = 0; index < 100; index += 1) await users.bearing(secret)
    })
    expect(statements.filter((text) => text.includes('api_key')).length).toBeLessThanOrEqual(1)
  })

  it('are the same key with a new secret upon a repeat, and the first secret dies', async () => {
    const input = { name: 'once', scopes: ['posts:read'], idempotencyKey: 'once' }
    const first = await create(input)
    await users.bearing(first.secret)
    const second = await create(input)
    expect(second.apiKey.id).toBe(first.apiKey.id)
    await refused(first.secret)
    expect((await users.bearing(second.secret)).identity?.credential).toBe('key')
    expect(codesOf(await users.ask(CREATE, { input: { ...input, name: 'other' } }, ada.asking))).toEqual(['CONFLICT'])
  })

  it('are one key for 20 at once with one idempotency key', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => create({ name: 'raced', idempotencyKey: 'raced' })))
    expect(new Set(all.map(({ apiKey }) => apiKey.id)).size).toBe(1)
    const alive = await Promise.all(
      all.map(({ secret }) =>
        users.bearing(secret).then(
          () => true,
          () => false,
        ),
      ),
    )
    expect(alive.filter(Boolean)).toHaveLength(1)
  })

  it('bear no more than their maker, nor than their owner may do now', async () => {
    expect(codesOf(await users.ask(CREATE, { input: { name: 'k', scopes: ['posts:moderate'] } }, ada.asking))).toEqual(['FORBIDDEN'])
    const narrowed = { ...ada.asking, identity: { ...ada.identity, scopes: ['users:write', 'posts:read'] } }
    expect(codesOf(await users.ask(CREATE, { input: { name: 'k', scopes: ['posts:write'] } }, narrowed))).toEqual(['FORBIDDEN'])
    expect(codesOf(await users.ask(CREATE, { input: { name: 'k', scopes: ['posts:read'] } }, narrowed))).toEqual([])

    const mo = await users.signUp('moe')
    const moderator = await users.withRole(mo, 'MODERATOR')
    const { secret } = await create({ scopes: ['posts:moderate', 'posts:write'] }, moderator)
    expect((await users.bearing(secret)).identity?.scopes).toEqual(['posts:moderate', 'posts:write'])
    const admin = await users.withRole(await users.signUp('boss'), 'ADMIN')
    await users.data(
      'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }',
      { input: { userId: await idOf('moe'), role: 'USER' } },
      admin,
    )
    expect((await users.bearing(secret)).identity?.scopes).toEqual(['posts:write'])
  })

  const idOf = async (username: string) =>
    (
      await users.data<{ userByUsername: { id: string } }>('query ($username: String!) { userByUsername(username: $username) { id } }', {
        username,
      })
    ).userByUsername.id

  it('with users:admin want a sign-in of the last hour, and are cut with the rest', async () => {
    const admin = await users.withRole(await users.signUp('root'), 'ADMIN')
    const input = { name: 'k', scopes: ['users:admin'] }
    expect(codesOf(await users.ask(CREATE, { input }, admin))).toEqual([])
    await shift('61 minutes')
    expect((await users.ask(CREATE, { input }, admin)).errors?.[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
      reauthenticate: true,
    })
    await shift('0')
  })

  it.each([
    ['none', [], ['input.scopes']],
    [
      'what is no scope',
      ['posts', 'posts:read', 'own', 'POSTS:READ', '__proto__'],
      ['input.scopes.0', 'input.scopes.2', 'input.scopes.3', 'input.scopes.4'],
    ],
    ['51 of them', Array.from({ length: 51 }, () => 'posts:read'), ['input.scopes']],
  ])('refuse %s as scopes', async (_, scopes, paths) => {
    const answer = await users.ask(CREATE, { input: { name: 'k', scopes } }, ada.asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], paths])
  })

  it('are 500 a person at most', async () => {
    const { asking, id } = await users.signUp('collector')
    await users.database.admin.query(
      `insert into users.api_key (id, account_id, name, prefix, hash, scopes)
       select gen_random_uuid(), $1, 'k', 'ashlar_', sha256(convert_to($2 || n, 'utf8')), '{posts:read}' from generate_series(1, 498) n`,
      [id, 'k'],
    )
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => users.ask(CREATE, { input: { name: 'k', scopes: ['posts:read'] } }, asking)),
    )
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(2)
    expect(answers.flatMap(codesOf)).toEqual(Array.from({ length: 3 }, () => 'BAD_USER_INPUT'))
  })

  it('are not made by a session that ended meanwhile, even in another process', async () => {
    const { asking, id } = await users.signUp('ended')
    await users.database.admin.query('delete from users.session where account_id = $1', [id])
    expect(codesOf(await users.ask(CREATE, { input: { name: 'k', scopes: ['posts:read'] } }, asking))).toEqual(['UNAUTHENTICATED'])
  })

  it('end in another process within 5 s', async () => {
    const other = await users.another()
    const { secret, apiKey } = await create()
    await other.services.credentials.authenticate(`Bearer ${secret}`)
    await users.data(REVOKE, { id: apiKey.id }, ada.asking)
    passSeconds(5)
    await expect(other.services.credentials.authenticate(`Bearer ${secret}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('are written into the audit, made and revoked, without their secret', async () => {
    const { asking, id } = await users.signUp('kept')
    const { secret, apiKey } = await create({}, asking)
    await users.data(REVOKE, { id: apiKey.id }, asking)
    const { rows } = await users.database.admin.query(
      `select action, target, details from users.audit_entry where actor_id = $1 and action like 'api-key%' order by at`,
      [id],
    )
    expect(rows).toEqual([
      { action: 'api-key.create', target: apiKey.id, details: { scopes: ['posts:read'] } },
      { action: 'api-key.revoke', target: apiKey.id, details: {} },
    ])
    expect(JSON.stringify(rows)).not.toContain(secret)
  })

  it('reach the owner only with a scope of this service', async () => {
    const viewer = '{ viewer { scopes user { username role } email } }'
    const { secret } = await create({ scopes: ['posts:read'] })
    const narrow = await users.ask(viewer, {}, await users.bearing(secret))
    expect(narrow.data).toEqual({ viewer: { scopes: ['posts:read'], user: { username: 'ada', role: null }, email: null } })
    expect(codesOf(narrow)).toEqual(['FORBIDDEN'])
    const wide = await create({ scopes: ['users:read'] })
    expect(await users.data(viewer, {}, await users.bearing(wide.secret))).toEqual({
      viewer: { scopes: ['users:read'], user: { username: 'ada', role: 'USER' }, email: ada.email },
    })
  })

  it('of nobody in particular open nothing', async () => {
    expect(codesOf(await users.ask('{ viewer { email } }', {}, askingAs({ credential: 'key', scopes: [] })))).toEqual(['FORBIDDEN'])
  })
})
