import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, SIGN_UP, startInstance, type Tokens } from './instance.js'

const VERIFY = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { ok } }'

describe('signing up where addresses are confirmed first', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance({ CONFIRM_EMAIL: '1', SIGN_UPS: 'guests' })
  })
  afterAll(() => users.close())

  const input = (username: string, email = `${username}@example.org`) => ({ username, email, password: PASSWORD })
  const ask = (given: object, asking = users.nobody()) => users.ask(SIGN_UP, { input: given }, asking)
  const nothing = { data: { signUp: { viewer: null, tokens: null } } }
  const confirm = async (email: string, since = 0) =>
    users.ask(VERIFY, { token: (await users.mail('verify-email', email, since)).token }, users.nobody())

  it('answers nothing until the link of the mail makes the account', async () => {
    expect(await ask(input('ada'))).toEqual(nothing)
    expect(codesOf(await users.signIn('ada'))).toEqual(['UNAUTHENTICATED'])
    expect(await confirm('ada@example.org')).toEqual({ data: { verifyEmail: { ok: true } } })
    const { data } = await users.signIn('ada')
    const { accessToken } = (data as { signIn: { tokens: Tokens } }).signIn.tokens
    expect(await users.data('{ viewer { email emailVerified } }', {}, await users.bearing(accessToken))).toEqual({
      viewer: { email: 'ada@example.org', emailVerified: true },
    })
  })

  it('takes each link once', async () => {
    await ask(input('once'))
    const { token } = await users.mail('verify-email', 'once@example.org')
    const answers = await Promise.all(Array.from({ length: 10 }, () => users.ask(VERIFY, { token }, users.nobody())))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.filter(({ errors }) => errors).map((answer) => codesOf(answer))).toEqual(
      Array.from({ length: 9 }, () => ['UNAUTHENTICATED']),
    )
  })

  it('tells nobody of an address that has an account, not by a name that stays free either, but its owner', async () => {
    await ask(input('owner'))
    await confirm('owner@example.org')
    const [taken, free] = [await ask(input('prober', 'Owner@example.org')), await ask(input('prober2', 'free@example.org'))]
    expect(taken).toEqual(nothing)
    expect(free).toEqual(nothing)
    for (const username of ['prober', 'prober2']) {
      expect((await ask(input(username, 'else@example.org'))).errors?.[0]?.extensions).toMatchObject({
        code: 'CONFLICT',
        field: 'username',
      })
    }
    expect(await users.mail('address-taken', 'owner@example.org')).toMatchObject({ username: 'owner' })
    expect(users.mails.filter(({ kind, to }) => kind === 'verify-email' && /owner/i.test(to))).toHaveLength(1)
  })

  it('frees the name after 24 hours', async () => {
    await ask(input('late'))
    const { token } = await users.mail('verify-email', 'late@example.org')
    await users.database.shiftClock('users', '25 hours')
    expect(codesOf(await users.ask(VERIFY, { token }, users.nobody()))).toEqual(['UNAUTHENTICATED'])
    expect(await ask(input('late', 'later@example.org'))).toEqual(nothing)
    await users.database.shiftClock('users', '0')
  })

  it('gives the address to whoever confirms it first', async () => {
    await ask(input('first', 'shared@example.org'))
    const { token } = await users.mail('verify-email', 'shared@example.org')
    await ask(input('second', 'shared@example.org'))
    const later = await users.mail('verify-email', 'shared@example.org', 1)
    expect(codesOf(await users.ask(VERIFY, { token: later.token }, users.nobody()))).toEqual([])
    const answer = await users.ask(VERIFY, { token }, users.nobody())
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'email' })
  })

  it('answers a repeat with its key the same, before and after', async () => {
    const given = { ...input('keyed'), idempotencyKey: 'keyed' }
    expect(await ask(given)).toEqual(nothing)
    expect(await ask(given)).toEqual(nothing)
    expect(codesOf(await ask({ ...given, password: 'another grey stone' }))).toEqual(['CONFLICT'])
    await confirm('keyed@example.org')
    expect((await ask(given)).data).toMatchObject({ signUp: { tokens: { accessToken: expect.any(String) } } })
  })

  it('turns the guest into the account once the address is confirmed', async () => {
    const guest = await users.field<{ viewer: { user: { id: string } }; tokens: Tokens }>(
      'signInAsGuest',
      'mutation { signInAsGuest(input: {}) { viewer { user { id } } tokens { accessToken refreshToken } } }',
    )
    expect(await ask(input('patient'), await users.bearing(guest.tokens.accessToken))).toEqual(nothing)
    await confirm('patient@example.org')
    await expect(users.bearing(guest.tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    const { data } = await users.refresh(guest.tokens.refreshToken)
    const { accessToken } = (data as { refreshSession: { tokens: Tokens } }).refreshSession.tokens
    expect(await users.data('{ viewer { user { id username role } } }', {}, await users.bearing(accessToken))).toEqual({
      viewer: { user: { id: guest.viewer.user.id, username: 'patient', role: 'USER' } },
    })
  })
})
