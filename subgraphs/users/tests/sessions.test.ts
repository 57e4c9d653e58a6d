import { encodeId } from '@ashlar/kit/ids'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, startInstance, type Tokens } from './instance.js'

const SESSIONS = '{ viewer { sessions { totalCount nodes { id current client userAgent ipAddress createdAt lastUsedAt expiresAt } } } }'
const CHANGE = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { userId } } }'

describe('sessions', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  const signIn = async (login: string, request: object = {}) => {
    const { data } = await users.signIn(login, {}, request)
    const { tokens } = (data as { signIn: { tokens: Tokens } }).signIn
    return { tokens, asking: await users.bearing(tokens.accessToken) }
  }
  const dead = (tokens: Tokens) => expect(users.bearing(tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })

  it('are listed to their owner, latest used first, with where they are from', async () => {
    const { tokens } = await users.signUp('ada')
    const { asking } = await signIn('ada', { userAgent: `Firefox\u0000${'x'.repeat(1_000)}`, clientAddress: '192.0.2.7' })
    await users.database.shiftClock('users', '1 minute')
    await users.refresh(tokens.refreshToken, { clientAddress: '192.0.2.8' })
    await users.database.shiftClock('users', '0')
    const { viewer } = await users.data<{
      viewer: { sessions: { totalCount: number; nodes: { userAgent: string; ipAddress: string; current: boolean }[] } }
    }>(SESSIONS, {}, asking)
    expect(viewer.sessions.totalCount).toBe(2)
    expect(viewer.sessions.nodes).toEqual([
      expect.objectContaining({ ipAddress: '192.0.2.8', current: false, client: null }),
      expect.objectContaining({ ipAddress: '192.0.2.7', current: true }),
    ])
    expect(viewer.sessions.nodes[1]?.userAgent).toMatch(/^Firefoxx{200,}$/)
  })

  it('are shown, and called current, to somebody in the very answer that signs them in', async () => {
    await users.signUp('at_once')
    const query =
      'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { email scopes user { role } sessions { nodes { current } } } } }'
    expect(await users.data(query, { input: { login: 'at_once', password: PASSWORD } })).toEqual({
      signIn: {
        viewer: {
          email: 'at_once@example.org',
          scopes: ['own'],
          user: { role: 'USER' },
          sessions: { nodes: [{ current: true }, { current: false }] },
        },
      },
    })
  })

  it('end at once when they sign out', async () => {
    const { asking, tokens } = await users.signUp('leaving')
    expect(await users.data('mutation { signOut { ok } }', {}, asking)).toEqual({ signOut: { ok: true } })
    await dead(tokens)
    expect(codesOf(await users.refresh(tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
  })

  it('are revoked one by one, by their owner alone', async () => {
    const { asking } = await users.signUp('owner')
    const other = await signIn('owner')
    const stranger = await users.signUp('stranger')
    const sessionId = encodeId('session', other.asking.identity?.credentialId ?? '')
    const revoke = (id: string, by = asking) =>
      users.ask('mutation ($id: ID!) { revokeSession(input: { sessionId: $id }) { viewer { userId } } }', { id }, by)
    expect(codesOf(await revoke(sessionId, stranger.asking))).toEqual(['NOT_FOUND'])
    expect(codesOf(await revoke(sessionId))).toEqual([])
    expect(codesOf(await revoke(sessionId))).toEqual(['NOT_FOUND'])
    const wrong = await revoke(encodeId('user', stranger.id))
    expect([codesOf(wrong), issuePathsOf(wrong)]).toEqual([['BAD_USER_INPUT'], ['input.sessionId']])
    await dead(other.tokens)
  })

  it('are revoked all but the one that asks', async () => {
    const { asking, tokens } = await users.signUp('many')
    const others = [await signIn('many'), await signIn('many'), await signIn('many')]
    const { revokeOtherSessions } = await users.data<{ revokeOtherSessions: object }>(
      'mutation { revokeOtherSessions { revokedCount viewer { sessions { totalCount } } } }',
      {},
      asking,
    )
    expect(revokeOtherSessions).toEqual({ revokedCount: 3, viewer: { sessions: { totalCount: 1 } } })
    for (const other of others) await dead(other.tokens)
    expect((await users.bearing(tokens.accessToken)).identity).not.toBeNull()
  })

  it('end but for one when the password changes, which wants the old one', async () => {
    const { asking, tokens } = await users.signUp('changing')
    const other = await signIn('changing')
    const change = (input: object) => users.ask(CHANGE, { input }, asking)
    for (const wrong of [{}, { currentPassword: 'another grey stone' }]) {
      const answer = await change({ newPassword: 'five smooth white pebbles', ...wrong })
      expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.currentPassword']])
    }
    expect(issuePathsOf(await change({ newPassword: 'password', currentPassword: PASSWORD }))).toEqual(['input.newPassword'])
    expect(codesOf(await change({ newPassword: 'five smooth white pebbles', currentPassword: PASSWORD }))).toEqual([])
    await dead(other.tokens)
    expect((await users.bearing(tokens.accessToken)).identity).not.toBeNull()
    expect(codesOf(await users.signIn('changing'))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('changing', { password: 'five smooth white pebbles' }))).toEqual([])
  })

  it('of the old password are not opened while it changes', async () => {
    const { asking, id } = await users.signUp('racing')
    const change = users.ask(CHANGE, { input: { newPassword: 'five smooth white pebbles', currentPassword: PASSWORD } }, asking)
    await Promise.all([change, ...Array.from({ length: 10 }, () => users.signIn('racing'))])
    const { rows } = await users.database.admin.query('select count(*)::int as count from users.session where account_id = $1', [id])
    expect(rows).toEqual([{ count: 1 }])
  })

  it('are put off when the current password is guessed', async () => {
    const { asking } = await users.signUp('hijacked')
    const guess = () =>
      users.ask(CHANGE, { input: { newPassword: 'five smooth white pebbles', currentPassword: 'another grey stone' } }, asking)
    const codes = (await Promise.all(Array.from({ length: 10 }, guess))).flatMap(codesOf)
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(3)
  })
})
