import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, newAddress, PASSWORD, startInstance, type Tokens } from './instance.js'

const REQUEST_RESET = 'mutation ($email: EmailAddress!) { requestPasswordReset(input: { email: $email }) { ok } }'
const REQUEST_LINK = 'mutation ($email: EmailAddress!) { requestSignInLink(input: { email: $email }) { ok } }'
const REQUEST_VERIFICATION = 'mutation { requestEmailVerification { ok } }'
const REQUEST_CHANGE = 'mutation ($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { ok } }'
const RESET =
  'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { viewer { emailVerified } tokens { accessToken refreshToken } } }'
const LINK = 'mutation ($token: String!) { signInWithLink(input: { token: $token }) { tokens { accessToken refreshToken } } }'
const VERIFY = 'mutation ($token: String!) { verifyEmail(input: { token: $token }) { ok } }'
const NEW_PASSWORD = 'five smooth white pebbles'

describe('mailed links', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  const shift = (by: string) => users.database.shiftClock('users', by)
  const request = (mutation: string, email: string) => users.ask(mutation, { email }, users.nobody())
  const reset = (token: string, more: object = {}) =>
    users.ask(RESET, { input: { token, newPassword: NEW_PASSWORD, ...more } }, users.nobody())
  const signIn = (token: string) => users.ask(LINK, { token }, users.nobody())
  const openRequests = async () =>
    (await users.database.admin.query(`select count(*)::int as count from users.job where kind like 'users.mail%'`)).rows[0].count as number

  it('are asked for with one answer and the same work, whether or not there is an account', async () => {
    await users.signUp('asked')
    for (const mutation of [REQUEST_RESET, REQUEST_LINK]) {
      const [known, unknown] = [await request(mutation, 'asked@example.org'), await request(mutation, 'nobody@example.org')]
      expect(known.errors).toBeUndefined()
      expect(unknown).toEqual(known)
    }
    await users.mail('reset-password', 'asked@example.org')
    await users.mail('sign-in-link', 'asked@example.org')
    await until(async () => (await openRequests()) === 0)
    expect(users.mails.filter(({ to }) => to === 'nobody@example.org')).toEqual([])
  })

  it('set a new password, end all that opened the account, and verify the address', async () => {
    const { tokens, asking, email } = await users.signUp('forgetful')
    const { createApiKey } = await users.data<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret } }',
      {},
      asking,
    )
    await request(REQUEST_LINK, email)
    const link = await users.mail('sign-in-link', email)
    await request(REQUEST_RESET, email)
    const { token } = await users.mail('reset-password', email)

    const { data } = await reset(token)
    const made = (data as { resetPassword: { viewer: object; tokens: Tokens } }).resetPassword
    expect(made.viewer).toEqual({ emailVerified: true })
    expect((await users.bearing(made.tokens.accessToken)).identity).toMatchObject({ credential: 'session' })
    await expect(users.bearing(tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await expect(users.bearing(createApiKey.secret)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await signIn(link.token))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('forgetful'))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('forgetful', { password: NEW_PASSWORD }))).toEqual([])
  })

  it('leave the token usable where the new password can not be one', async () => {
    const { email } = await users.signUp('hasty')
    await request(REQUEST_RESET, email)
    const { token } = await users.mail('reset-password', email)
    const answer = await reset(token, { newPassword: 'short' })
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(issuePathsOf(answer)).toEqual(['input.newPassword'])
    expect(codesOf(await reset(token))).toEqual([])
  })

  it('work once, for one of 20 at once', async () => {
    const { email } = await users.signUp('doubled')
    await request(REQUEST_RESET, email)
    await request(REQUEST_LINK, email)
    const [forReset, forLink] = [await users.mail('reset-password', email), await users.mail('sign-in-link', email)]
    for (const attempt of [() => signIn(forLink.token), () => reset(forReset.token)]) {
      const codes = (await Promise.all(Array.from({ length: 20 }, attempt))).map(codesOf)
      expect(codes.filter((each) => each.length === 0)).toHaveLength(1)
      expect(codes.filter(([code]) => code === 'UNAUTHENTICATED')).toHaveLength(19)
    }
  })

  it('are worth nothing once there is a newer one', async () => {
    const { email } = await users.signUp('twice')
    await request(REQUEST_LINK, email)
    const older = await users.mail('sign-in-link', email)
    await request(REQUEST_LINK, email)
    const newer = await users.mail('sign-in-link', email, 1)
    expect(codesOf(await signIn(older.token))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await signIn(newer.token))).toEqual([])
  })

  it.each([
    ['sign in', 'sign-in-link', REQUEST_LINK, '14 minutes', '16 minutes'],
    ['set a password', 'reset-password', REQUEST_RESET, '59 minutes', '61 minutes'],
  ] as const)('%s for as long as they say', async (_, kind, mutation, before, after) => {
    const { email } = await users.signUp(kind.replaceAll('-', '_'))
    const use = kind === 'sign-in-link' ? signIn : reset
    await request(mutation, email)
    const { token } = await users.mail(kind, email)
    await shift(after)
    expect(codesOf(await use(token))).toEqual(['UNAUTHENTICATED'])
    await shift(before)
    expect(codesOf(await use(token))).toEqual([])
    await shift('0')
  })

  it('are of use for their own kind alone', async () => {
    const { email } = await users.signUp('kinds')
    await request(REQUEST_LINK, email)
    const { token } = await users.mail('sign-in-link', email)
    expect(codesOf(await reset(token))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.ask(VERIFY, { token }, users.nobody()))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await signIn(token))).toEqual([])
  })

  it('go to one address 3 times an hour, without a word to who asks', async () => {
    const { email } = await users.signUp('flooded')
    const to = () => users.mails.filter((mail) => mail.to === email)
    await users.mail('verify-email', email)
    for (const count of [1, 2, 3, 4]) {
      expect((await request(REQUEST_LINK, email)).errors).toBeUndefined()
      await until(async () => (await openRequests()) === 0)
      expect(to()).toHaveLength(Math.min(1 + count, 3))
    }
    await shift('61 minutes')
    await request(REQUEST_LINK, email)
    await until(() => to().length === 4)
    await shift('0')
  })

  it('are asked for 20 times in 15 minutes from one address', async () => {
    const clientAddress = newAddress()
    const ask = () => users.ask(REQUEST_RESET, { email: 'anyone@example.org' }, users.nobody({ clientAddress }))
    for (let index = 0; index < 20; index += 1) expect(codesOf(await ask())).toEqual([])
    expect(codesOf(await ask())).toEqual(['RATE_LIMITED'])
  })

  it('lie readable in no table', async () => {
    const { email } = await users.signUp('sealed')
    await request(REQUEST_RESET, email)
    const { token } = await users.mail('reset-password', email)
    const db = users.database.service('users')
    await users.services.outgoingMail.request(db, { kind: 'sign-in-link', email: 'in.the.queue@example.org' })
    for (const table of ['job', 'mail_token']) {
      const { rows } = await users.database.admin.query(`select row_to_json(t)::text as row from users.${table} t`)
      const text = rows.map(({ row }) => row).join('\n')
      expect(text).not.toContain(token)
      expect(text).not.toContain('in.the.queue')
    }
  })

  it('name their account before anybody acts, and change nothing by it', async () => {
    const { email } = await users.signUp('peeked')
    await request(REQUEST_RESET, email)
    const { token } = await users.mail('reset-password', email)
    expect(await users.services.passwordResets.peek(token)).toEqual({ username: 'peeked', email: 'p***@example.org' })
    expect(await users.services.passwordResets.peek('x')).toBeNull()
    expect(codesOf(await reset(token))).toEqual([])
  })

  it('confirm the address of a sign-up, which lasts 24 hours', async () => {
    const { email, asking } = await users.signUp('unconfirmed')
    const { token } = await users.mail('verify-email', email)
    const verified = async () => (await users.data<{ viewer: object }>('{ viewer { email emailVerified } }', {}, asking)).viewer
    expect(await verified()).toEqual({ email, emailVerified: false })
    await shift('25 hours')
    expect(codesOf(await users.ask(VERIFY, { token }, users.nobody()))).toEqual(['UNAUTHENTICATED'])
    await shift('0')
    expect(codesOf(await users.ask(VERIFY, { token }, users.nobody()))).toEqual([])
    expect(await verified()).toEqual({ email, emailVerified: true })
    await users.data(REQUEST_VERIFICATION, {}, asking)
    await until(async () => (await openRequests()) === 0)
    expect(users.mails.filter((mail) => mail.to === email)).toHaveLength(1)
  })

  it('tell who is signed in that there were too many to their own address', async () => {
    const { email, asking } = await users.signUp('impatient')
    for (const count of [1, 2, 3]) {
      await users.mail('verify-email', email, count - 1)
      if (count < 3) await users.data(REQUEST_VERIFICATION, {}, asking)
    }
    expect((await users.ask(REQUEST_VERIFICATION, {}, asking)).errors?.[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterSeconds: expect.any(Number),
    })
  })

  describe('for another address', () => {
    const change = (input: object, person: { asking: Parameters<Instance['ask']>[2] }) =>
      users.ask(REQUEST_CHANGE, { input }, person.asking)

    it('take effect from the new one, which replaces the old, that gets a notice', async () => {
      const person = await users.signUpConfirmed('moving')
      const email = 'moved@example.org'
      await request(REQUEST_LINK, person.email)
      const old = await users.mail('sign-in-link', person.email)
      expect(codesOf(await change({ email, currentPassword: PASSWORD }, person))).toEqual([])
      const { token } = await users.mail('email-change', email)
      expect(await users.mail('email-change-notice', person.email)).toMatchObject({ newEmail: email })
      const viewer = () => users.data('{ viewer { email emailVerified } }', {}, person.asking)
      expect(await viewer()).toEqual({ viewer: { email: person.email, emailVerified: true } })
      expect(codesOf(await users.ask(VERIFY, { token }, users.nobody()))).toEqual([])
      expect(await viewer()).toEqual({ viewer: { email, emailVerified: true } })
      expect(codesOf(await signIn(old.token))).toEqual(['UNAUTHENTICATED'])
      expect(codesOf(await users.signIn(email))).toEqual([])
    })

    it('want the password', async () => {
      const person = await users.signUp('passwordless_change')
      for (const input of [{}, { currentPassword: null }, { currentPassword: 'another grey stone' }]) {
        const answer = await change({ email: 'else@example.org', ...input }, person)
        expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
        expect(issuePathsOf(answer)).toEqual(['input.currentPassword'])
      }
    })

    it('tell nothing of an address that has an account, but its owner', async () => {
      const holder = await users.signUp('holder')
      const person = await users.signUp('curious')
      expect(await change({ email: 'HOLDER@example.org', currentPassword: PASSWORD }, person)).toEqual({
        data: { requestEmailChange: { ok: true } },
      })
      expect(await users.mail('address-taken', holder.email)).toMatchObject({ username: 'holder' })
    })
  })
})
