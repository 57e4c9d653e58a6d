import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, SIGN_UP, startInstance } from './instance.js'

describe('what is kept', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance({ SIGN_UPS: 'guests' })
  })
  afterAll(() => users.close())

  const counts = async (...tables: string[]) => {
    const entries: [string, number][] = []
    for (const table of tables) {
      const { rows } = await users.database.admin.query(`select count(*)::int as count from users.${table}`)
      entries.push([table, rows[0].count])
    }
    return Object.fromEntries(entries) as Record<string, number>
  }
  const tables = [
    'session',
    'refresh_token',
    'mail_token',
    'authorization_code',
    'ending',
    'throttle',
    'known_address',
    'api_key',
    'idempotency_key',
    'audit_entry',
  ] as const

  it('has an end, and goes with it', async () => {
    const person = await users.signUp('keeper')
    await users.mail('verify-email', person.email)
    await users.data(
      'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"], idempotencyKey: "k", expiresAt: "2150-01-01T00:00:00Z" }) { secret } }',
      {},
      person.asking,
    )
    await users.field(
      'signInAsGuest',
      'mutation ($key: String!) { signInAsGuest(input: { idempotencyKey: $key }) { tokens { accessToken } } }',
      { key: 'k'.repeat(40) },
    )
    const leaver = await users.signUp('leaver')
    await users.mail('verify-email', leaver.email)
    await users.data('mutation { signOut { ok } }', {}, leaver.asking)
    await users.database.admin.query(
      `insert into users.authorization_code (hash, account_id, client, code_challenge, scopes, authenticated_at, expires_at) values ('x', $1, 'https://a', 'x', '{}', now(), now())`,
      [person.id],
    )
    const full = await counts(...tables)
    for (const table of tables) expect([table, full[table]]).not.toEqual([table, 0])

    // Nothing is due yet.
    await users.services.retention.clean()
    expect(await counts(...tables)).toEqual(full)

    await users.database.admin.query(`update users.api_key set expires_at = now() + interval '10 days'`)
    await users.database.shiftClock('users', '2 years')
    const later = await users.another()
    await later.services.retention.clean()
    expect(await counts(...tables)).toEqual(Object.fromEntries(tables.map((table) => [table, 0])))
    expect((await counts('account')).account).toBe(3)
    const { rows } = await users.database.admin.query(
      'select id from users.account where sign_up_key is not null or sign_up_fingerprint is not null',
    )
    expect(rows).toEqual([])
    await users.database.shiftClock('users', '0')
  })

  it('stays when the clock jumps under a process that runs', async () => {
    await users.signUp('jumped')
    await users.services.retention.clean()
    await users.database.shiftClock('users', '2 years')
    await users.services.retention.clean()
    expect((await counts('session')).session).toBeGreaterThan(0)
    await users.database.shiftClock('users', '0')
  })

  it('goes in batches, however much it is', async () => {
    await users.database.admin.query(
      `insert into users.throttle (key, hits, until, touched_at) select 'x' || n, 1, now(), now() - interval '2 days' from generate_series(1, 2500) n`,
    )
    await users.services.retention.clean()
    const { rows } = await users.database.admin.query(
      `select count(*)::int as count from users.throttle where touched_at < now() - interval '1 day'`,
    )
    expect(rows).toEqual([{ count: 0 }])
  })

  it('frees the names of sign-ups that were never confirmed', async () => {
    const confirming = await startInstance({ CONFIRM_EMAIL: '1' })
    await confirming.data(SIGN_UP, { input: { username: 'waiting', email: 'w@example.org', password: PASSWORD } }, confirming.nobody())
    await confirming.mail('verify-email', 'w@example.org')
    await confirming.database.shiftClock('users', '25 hours')
    await (await confirming.another()).services.retention.clean()
    for (const table of ['pending_sign_up', 'taken_username', 'mail_token']) {
      expect((await confirming.database.admin.query(`select count(*)::int as count from users.${table}`)).rows).toEqual([{ count: 0 }])
    }
    await confirming.close()
  })
})
