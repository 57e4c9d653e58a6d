import type { Asking } from '@ashlar/kit/caller'
import { encodeId } from '@ashlar/kit/ids'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, type Person, passSeconds, startInstance, type Tokens } from './instance.js'

const SET_ROLE = 'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { username role } } }'
const SUSPEND = 'mutation ($input: SetUserSuspendedInput!) { setUserSuspended(input: $input) { user { suspendedAt suspendedReason } } }'
const SET_CLIENTS = 'mutation ($clients: [String!]!) { setAllowedClients(input: { clients: $clients }) { allowedClients } }'

describe('administration', () => {
  let users: Instance
  let boss: Person
  let admin: Asking
  beforeAll(async () => {
    users = await startInstance({ ALLOWED_CLIENTS: 'https://configured.example.com' })
    boss = await users.signUp('boss')
    admin = await users.withRole(boss, 'ADMIN')
  })
  afterAll(() => users.close())

  const setRole = (person: Pick<Person, 'id'>, role: string, asking = admin) =>
    users.ask(SET_ROLE, { input: { userId: encodeId('user', person.id), role } }, asking)
  const suspend = (person: Pick<Person, 'id'>, input: object = {}, asking = admin) =>
    users.ask(SUSPEND, { input: { userId: encodeId('user', person.id), suspended: true, ...input } }, asking)
  const admins = async () =>
    (
      await users.database.admin.query(`select username from users.account where role = 'ADMIN' and suspended_at is null order by 1`)
    ).rows.map(({ username }) => username)
  const key = async (asking: Asking, scopes: string[]) => {
    const create = 'mutation ($scopes: [String!]!) { createApiKey(input: { name: "k", scopes: $scopes }) { secret } }'
    return (await users.field<{ secret: string }>('createApiKey', create, { scopes }, asking)).secret
  }

  it('gives roles, whose scopes come with the next token', async () => {
    const mo = await users.signUp('moe')
    expect((await setRole(mo, 'MODERATOR')).data).toEqual({ setUserRole: { user: { username: 'moe', role: 'MODERATOR' } } })
    expect((await users.bearing(mo.tokens.accessToken)).identity?.scopes).toEqual(['own'])
    const { data } = await users.refresh(mo.tokens.refreshToken)
    const { accessToken } = (data as { refreshSession: { tokens: Tokens } }).refreshSession.tokens
    expect((await users.bearing(accessToken)).identity?.scopes).toEqual(['own', 'comments:moderate', 'posts:moderate', 'tags:moderate'])
  })

  it('takes a key with users:admin, or a full session signed in within the hour', async () => {
    const person = await users.signUp('promoted')
    const secret = await key(admin, ['users:admin'])
    expect(codesOf(await setRole(person, 'MODERATOR', await users.bearing(secret)))).toEqual([])
    await users.database.shiftClock('users', '61 minutes')
    expect((await setRole(person, 'USER')).errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', reauthenticate: true })
    expect(codesOf(await setRole(person, 'USER', await users.bearing(secret)))).toEqual([])
    await users.database.shiftClock('users', '0')
  })

  it('is forbidden to everybody else', async () => {
    const person = await users.signUp('plain')
    const moderator = await users.withRole(await users.signUp('mod'), 'MODERATOR')
    const narrow = await users.bearing(await key(admin, ['posts:read', 'users:write']))
    for (const asking of [person.asking, moderator, narrow]) {
      expect(codesOf(await setRole(person, 'ADMIN', asking))).toEqual(['FORBIDDEN'])
      expect(codesOf(await suspend(boss, {}, asking))).toEqual(['FORBIDDEN'])
      expect(codesOf(await users.ask(SET_CLIENTS, { clients: [] }, asking))).toEqual(['FORBIDDEN'])
      expect(codesOf(await users.ask('{ allowedClients }', {}, asking))).toEqual(['FORBIDDEN'])
    }
  })

  it('knows nobody by a made-up id, and no id of another type', async () => {
    expect(codesOf(await setRole({ id: '0193b3c2-0000-7000-8000-000000000000' }, 'USER'))).toEqual(['NOT_FOUND'])
    const answer = await users.ask(SET_ROLE, { input: { userId: encodeId('post', boss.id), role: 'USER' } }, admin)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.userId']])
    expect(issuePathsOf(await setRole(boss, 'GUEST'))).toEqual(['input.role'])
  })

  it('keeps the last ADMIN: not demoted, not suspended, not deleted', async () => {
    const second = await users.signUp('second')
    await setRole(second, 'ADMIN')
    const asSecond = await users.withRole(second, 'ADMIN')
    expect(codesOf(await setRole(boss, 'USER', asSecond))).toEqual([])
    expect(codesOf(await setRole(second, 'USER', asSecond))).toEqual(['CONFLICT'])
    expect(codesOf(await suspend(second, {}, asSecond))).toEqual(['CONFLICT'])
    expect(
      codesOf(await users.ask('mutation { deleteAccount(input: { password: "four plain grey stones" }) { deletedUserId } }', {}, asSecond)),
    ).toEqual(['CONFLICT'])
    expect(await admins()).toEqual(['second'])
    await setRole(boss, 'ADMIN', asSecond)
    admin = await users.withRole(boss, 'ADMIN')
    expect(codesOf(await setRole(second, 'USER'))).toEqual([])
  })

  it('leaves one of two who demote, suspend or delete each other and themselves at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [a, b] = await Promise.all([`a${round}`, `b${round}`].map((side) => users.signUp(`duel_${side}`)))
      const [asA, asB] = await Promise.all([a, b].map((person) => users.withRole(person as Person, 'ADMIN')))
      if (!a || !b || !asA || !asB) throw new Error('nobody signed up')
      expect(codesOf(await setRole(boss, 'USER', asA))).toEqual([])
      const remove = 'mutation { deleteAccount(input: { password: "four plain grey stones" }) { deletedUserId } }'
      const attempts = [
        [() => setRole(b, 'USER', asA), () => setRole(a, 'USER', asB)],
        [() => suspend(b, {}, asA), () => setRole(a, 'MODERATOR', asB)],
        [() => users.ask(remove, {}, asA), () => users.ask(remove, {}, asB)],
        [() => users.ask(remove, {}, asA), () => suspend(a, {}, asB)],
        [() => setRole(a, 'USER', asA), () => setRole(b, 'USER', asB)],
      ][round] as (() => Promise<Awaited<ReturnType<typeof setRole>>>)[]
      const answers = await Promise.all(attempts.map((attempt) => attempt()))
      expect((await admins()).length).toBe(1)
      for (const code of answers.flatMap(codesOf)) expect(['CONFLICT', 'FORBIDDEN', 'NOT_FOUND', 'UNAUTHENTICATED']).toContain(code)
      await users.database.admin.query(`update users.account set role = 'USER' where role = 'ADMIN'`)
      admin = await users.withRole(boss, 'ADMIN')
    }
  })

  it('refuses an ADMIN who is none any more, whatever the token says', async () => {
    const former = await users.signUp('former')
    const asFormer = await users.withRole(former, 'ADMIN')
    await users.database.admin.query(`update users.account set role = 'USER' where id = $1`, [former.id])
    expect(codesOf(await setRole(boss, 'MODERATOR', asFormer))).toEqual(['CONFLICT'])
    expect(codesOf(await suspend(await users.signUp('bystander'), {}, asFormer))).toEqual(['FORBIDDEN'])
  })

  it('suspends: signed out everywhere, keys and links dead, and nobody signs in, but readers still see them', async () => {
    const rude = await users.signUpConfirmed('rude')
    const secret = await key(rude.asking, ['posts:read'])
    await users.bearing(secret)
    await users.data('mutation { requestSignInLink(input: { email: "rude@example.org" }) { ok } }', {}, users.nobody())
    const { token } = await users.mail('sign-in-link', rude.email)

    const { data } = await suspend(rude, { reason: 'Spam.' })
    expect(data).toEqual({ setUserSuspended: { user: { suspendedAt: expect.any(String), suspendedReason: 'Spam.' } } })
    for (const credential of [rude.tokens.accessToken, secret])
      await expect(users.bearing(credential)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(rude.tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('rude'))).toEqual(['UNAUTHENTICATED'])
    expect(
      codesOf(
        await users.ask(
          'mutation ($t: String!) { signInWithLink(input: { token: $t }) { tokens { accessToken } } }',
          { t: token },
          users.nobody(),
        ),
      ),
    ).toEqual(['UNAUTHENTICATED'])
    expect(await users.data('{ userByUsername(username: "rude") { username } }')).toEqual({ userByUsername: { username: 'rude' } })

    await suspend(rude, { suspended: false })
    expect(codesOf(await users.signIn('rude'))).toEqual([])
    await expect(users.bearing(secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('leaves no session of somebody who signs in while being suspended', async () => {
    const racer = await users.signUp('racer')
    await Promise.all([...Array.from({ length: 10 }, () => users.signIn('racer')), suspend(racer)])
    const { rows } = await users.database.admin.query('select count(*)::int as count from users.session where account_id = $1', [racer.id])
    expect(rows).toEqual([{ count: 0 }])
  })

  it('ends access in another process within 5 s', async () => {
    const other = await users.another()
    const person = await users.signUp('elsewhere')
    const authenticate = () => other.services.credentials.authenticate(`Bearer ${person.tokens.accessToken}`)
    await authenticate()
    await suspend(person)
    passSeconds(5)
    await expect(authenticate()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('shows role, suspension and sessions to users:admin alone', async () => {
    const person = await users.signUp('shown')
    const fields = '{ userByUsername(username: "shown") { role suspendedAt suspendedReason sessions { totalCount nodes { current } } } }'
    expect(await users.data(fields, {}, admin)).toEqual({
      userByUsername: { role: 'USER', suspendedAt: null, suspendedReason: null, sessions: { totalCount: 1, nodes: [{ current: false }] } },
    })
    const { data, errors } = await users.ask(fields, {}, person.asking)
    expect(data).toEqual({ userByUsername: { role: 'USER', suspendedAt: null, suspendedReason: null, sessions: null } })
    expect(codesOf({ ...(errors && { errors }) })).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'])
    expect((await users.ask('{ userByUsername(username: "shown") { role } }', {}, boss.asking)).data).toEqual({
      userByUsername: { role: null },
    })
  })

  it('writes changes of roles and suspensions into the audit', async () => {
    const person = await users.signUp('answered_for')
    await setRole(person, 'MODERATOR')
    await setRole(person, 'MODERATOR')
    await suspend(person)
    const { rows } = await users.database.admin.query(
      'select actor_id, action, details from users.audit_entry where target = $1 order by at',
      [encodeId('user', person.id)],
    )
    expect(rows).toEqual([
      { actor_id: boss.id, action: 'user.role-change', details: { from: 'USER', to: 'MODERATOR' } },
      { actor_id: boss.id, action: 'user.suspend', details: {} },
    ])
  })

  describe('of the allowed clients', () => {
    it('replaces those that were added, and leaves those of the configuration', async () => {
      const set = (clients: string[]) => users.data(SET_CLIENTS, { clients }, admin)
      expect(await set(['https://a.example.com', 'com.example.app:/signed-in', 'https://a.example.com'])).toEqual({
        setAllowedClients: { allowedClients: ['https://configured.example.com', 'com.example.app:/signed-in', 'https://a.example.com'] },
      })
      expect([...(await users.services.allowedClients.origins())]).toEqual(['https://configured.example.com', 'https://a.example.com'])
      await set([])
      expect(await users.data('{ allowedClients }', {}, admin)).toEqual({ allowedClients: ['https://configured.example.com'] })
    })

    it('reaches other processes within 5 s', async () => {
      const other = await users.another()
      expect((await other.services.allowedClients.origins()).has('https://late.example.com')).toBe(false)
      await users.data(SET_CLIENTS, { clients: ['https://late.example.com'] }, admin)
      passSeconds(5)
      expect((await other.services.allowedClients.origins()).has('https://late.example.com')).toBe(true)
    })

    it('refuses what is neither an origin nor an app’s address, all of it at once', async () => {
      const wrong = [
        ...[
          'https://a.example.com/',
          'https://a.example.com/x',
          'HTTPS://A.example.com',
          'https://u:p@a.example.com',
          '//a.example.com',
          'null',
          '*',
        ],
        ...[
          'javascript:/alert(1)',
          'data:/x',
          'https://*.example.com',
          'com.example.app:/x#y',
          'com.example.app:/ x',
          `https://${'a'.repeat(300)}.com`,
          '',
        ],
      ]
      const answer = await users.ask(SET_CLIENTS, { clients: ['https://fine.example.com', ...wrong] }, admin)
      expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
      expect(issuePathsOf(answer)).toEqual(wrong.map((_, index) => `input.clients.${index + 1}`))
    })
  })
})
