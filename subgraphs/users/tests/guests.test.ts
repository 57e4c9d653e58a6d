import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, SIGN_UP, startInstance, type Tokens } from './instance.js'

const GUEST = `mutation ($input: SignInAsGuestInput!) {
  signInAsGuest(input: $input) {
    viewer { user { id username displayName role } email }
    tokens { accessToken accessTokenExpiresAt refreshToken refreshTokenExpiresAt }
  }
}`

interface Guest {
  readonly viewer: {
    readonly user: { readonly id: string; readonly username: string; readonly displayName: string; readonly role: string }
  }
  readonly tokens: Tokens
}

const SESSIONS = '{ viewer { user { id username role } sessions { nodes { id current client } } } }'

describe('guests', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance({ SIGN_UPS: 'guests' })
  })
  afterAll(() => users.close())

  const enter = (input: object = {}, asking = users.nobody()) => users.field<Guest>('signInAsGuest', GUEST, { input }, asking)
  const account = (username: string) => ({ username, email: `${username}@example.org`, password: PASSWORD })

  it('are no part of an instance that does not say so', async () => {
    const closed = await startInstance()
    expect(codesOf(await closed.ask(GUEST, { input: {} }))).toEqual(['FORBIDDEN'])
    await closed.close()
  })

  it('have the role GUEST, a made-up username, and no address', async () => {
    const { viewer } = await enter({ displayName: 'Visitor' })
    expect(viewer).toMatchObject({
      user: { displayName: 'Visitor', role: 'GUEST', username: expect.stringMatching(/^guest_/) },
      email: null,
    })
  })

  it('are the same one for 50 at once with one key, which has to be of 32 characters', async () => {
    const key = 'k'.repeat(32)
    const all = await Promise.all(Array.from({ length: 50 }, () => enter({ idempotencyKey: key })))
    expect(new Set(all.map(({ viewer }) => viewer.user.id)).size).toBe(1)
    expect(codesOf(await users.ask(GUEST, { input: { idempotencyKey: key, displayName: 'Other' } }, users.nobody()))).toEqual(['CONFLICT'])
    expect(codesOf(await users.ask(GUEST, { input: { idempotencyKey: 'k'.repeat(31) } }, users.nobody()))).toEqual(['BAD_USER_INPUT'])
    await users.database.shiftClock('users', '8 days')
    expect((await enter({ idempotencyKey: key })).viewer.user.id).not.toBe(all[0]?.viewer.user.id)
    await users.database.shiftClock('users', '0')
  })

  it('become the account, with their id and their session, under new tokens', async () => {
    const guest = await enter()
    const asGuest = await users.bearing(guest.tokens.accessToken)
    const before = await users.data<{ viewer: { sessions: { nodes: { id: string }[] } } }>(SESSIONS, {}, asGuest)
    const made = await users.field<Guest>('signUp', SIGN_UP, { input: account('grown') }, asGuest)

    await expect(users.bearing(guest.tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(guest.tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
    const after = await users.data(SESSIONS, {}, await users.bearing(made.tokens.accessToken))
    expect(after).toEqual({
      viewer: { user: { id: guest.viewer.user.id, username: 'grown', role: 'USER' }, sessions: before.viewer.sessions },
    })
    expect(codesOf(await users.signIn('grown'))).toEqual([])
    expect(await users.services.people.byUsername(guest.viewer.user.username)).toBeNull()
  })

  it('stay an app session where they are one', async () => {
    const origin = 'https://app.example.com'
    const guest = await enter({}, users.nobody({ origin }))
    const made = await users.field<Guest>(
      'signUp',
      SIGN_UP,
      { input: account('in_app') },
      await users.bearing(guest.tokens.accessToken, { origin }),
    )
    expect((await users.bearing(made.tokens.accessToken)).identity).toMatchObject({ credential: 'app', scopes: ['own'] })
  })

  it('become one account when they sign up 10 times at once with one key', async () => {
    const guest = await enter()
    const asking = await users.bearing(guest.tokens.accessToken)
    const input = { ...account('eager'), idempotencyKey: 'eager' }
    const answers = await Promise.all(Array.from({ length: 10 }, () => users.ask(SIGN_UP, { input }, { ...asking, reply: {} })))
    expect(answers.flatMap(codesOf)).toEqual([])
    const { data } = answers.at(0) as { data: { signUp: Guest } }
    expect(data.signUp.viewer.user).toMatchObject({ username: 'eager' })
    const { rows } = await users.database.admin.query(`select count(*)::int as count from users.session where account_id = $1`, [
      asking.identity?.userId,
    ])
    expect(rows).toEqual([{ count: 1 }])
  })

  it('sign in to the account that they became, when the answer was lost', async () => {
    const guest = await enter()
    const input = { ...account('lost'), idempotencyKey: 'lost' }
    await users.field('signUp', SIGN_UP, { input }, await users.bearing(guest.tokens.accessToken))
    const again = await users.field<Guest>('signUp', SIGN_UP, { input })
    expect((await users.bearing(again.tokens.accessToken)).identity?.role).toBe('USER')
    const { data } = await users.ask('{ viewer { user { id } } }', {}, await users.bearing(again.tokens.accessToken))
    expect(data).toEqual({ viewer: { user: { id: guest.viewer.user.id } } })
  })

  it("can't choose a username, and have nothing to be deleted or reached by but within 10 minutes", async () => {
    const asking = await users.bearing((await enter()).tokens.accessToken)
    const update = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { displayName } } }'
    expect(codesOf(await users.ask(update, { input: { username: 'chosen' } }, asking))).toEqual(['FORBIDDEN'])
    expect(await users.data(update, { input: { displayName: 'Someone' } }, asking)).toEqual({
      updateProfile: { user: { displayName: 'Someone' } },
    })
    expect(codesOf(await users.ask('mutation { requestEmailVerification { ok } }', {}, asking))).toEqual(['FORBIDDEN'])
    expect(codesOf(await users.ask('mutation { enrollTotp { secret } }', {}, asking))).toEqual(['FORBIDDEN'])

    const remove = 'mutation { deleteAccount(input: {}) { deletedUserId } }'
    await users.database.shiftClock('users', '11 minutes')
    const late = await users.ask(remove, {}, asking)
    expect(late.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', reauthenticate: true })
    await users.database.shiftClock('users', '0')
    expect(codesOf(await users.ask(remove, {}, asking))).toEqual([])
  })
})
