import { callerOf } from '@ashlar/kit/caller'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { OpenIdClaims } from '../src/openid/claims.js'
import { type Instance, newAddress, PASSWORD, SIGN_UP, startInstance } from './instance.js'

describe('signing in with a provider', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  let subjects = 0
  const claims = (more: Partial<OpenIdClaims> = {}): OpenIdClaims => {
    subjects += 1
    return { issuer: 'https://accounts.example.com', subject: `s${subjects}`, email: null, emailVerified: false, name: null, ...more }
  }
  const signIn = (given: OpenIdClaims, totpCode?: string, request?: { readonly clientAddress: string }) =>
    users.services.signIns.withClaims(callerOf(users.nobody(request), 'users', 'write'), given, totpCode)
  const account = async (id: string) => (await users.services.people.byIds([id]))[0]

  it('makes an account the first time, under a username of its own, and finds it the next', async () => {
    const given = claims({ email: 'zoe.b@example.com', emailVerified: true, name: 'Zoé Brontë' })
    const { identity } = await signIn(given)
    expect(identity).toMatchObject({ credential: 'session', role: 'USER' })
    expect(await account(identity.userId)).toMatchObject({
      username: 'zoe_bronte',
      displayName: 'Zoé Brontë',
      email: 'zoe.b@example.com',
      emailVerifiedAt: expect.any(Date),
    })
    expect((await signIn({ ...given, email: 'moved@example.com', name: null })).identity.userId).toBe(identity.userId)
    const namesake = await signIn(claims({ name: 'Zoe Bronte' }))
    expect((await account(namesake.identity.userId))?.username).toMatch(/^zoe_bronte_\w{4}$/)
  })

  it('makes one account for 20 at once', async () => {
    const given = claims({ email: 'crowd@example.com', emailVerified: true, name: 'Crowd' })
    const all = await Promise.all(Array.from({ length: 20 }, () => signIn(given)))
    expect(new Set(all.map(({ identity }) => identity.userId)).size).toBe(1)
    const { rows } = await users.database.admin.query(`select count(*)::int as count from users.account where display_name = 'Crowd'`)
    expect(rows).toEqual([{ count: 1 }])
  })

  it('counts a new account as a sign-up of the address that it comes from, and nothing else', async () => {
    const clientAddress = newAddress()
    const first = claims({ name: 'Counted' })
    // Of one person any number at once is one.
    await Promise.all(Array.from({ length: 15 }, () => signIn(first, undefined, { clientAddress })))
    for (let made = 1; made < 10; made += 1) await signIn(claims(), undefined, { clientAddress })
    const refused = claims()
    for (let tries = 0; tries < 2; tries += 1)
      await expect(signIn(refused, undefined, { clientAddress })).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    const signUp = { username: 'eleventh', email: 'eleventh@example.org', password: PASSWORD }
    expect(codesOf(await users.ask(SIGN_UP, { input: signUp }, users.nobody({ clientAddress })))).toEqual(['RATE_LIMITED'])
    // Who has an account already goes in and out as before.
    const { email } = await users.signUpConfirmed('has_one')
    for (const known of [first, claims({ email, emailVerified: true })])
      expect((await signIn(known, undefined, { clientAddress })).identity.credential).toBe('session')
    expect((await signIn(refused)).identity.credential).toBe('session')
  })

  it('links the account with the address where both sides have verified it', async () => {
    const person = await users.signUpConfirmed('both')
    expect((await signIn(claims({ email: 'BOTH@example.org', emailVerified: true }))).identity.userId).toBe(person.id)
    expect(codesOf(await users.signIn('both'))).toEqual([])
  })

  it('links nothing by an address that the provider has not verified', async () => {
    const person = await users.signUpConfirmed('unsure')
    const { identity } = await signIn(claims({ email: person.email }))
    expect(identity.userId).not.toBe(person.id)
    expect(await account(identity.userId)).toMatchObject({ email: null })
  })

  it('takes the address, sessions and keys from an account that held it unverified', async () => {
    const squatter = await users.signUp('squats')
    const { createApiKey } = await users.data<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret } }',
      {},
      squatter.asking,
    )
    const { identity } = await signIn(claims({ email: squatter.email, emailVerified: true }))
    expect(identity.userId).not.toBe(squatter.id)
    expect(await account(identity.userId)).toMatchObject({ email: squatter.email, emailVerifiedAt: expect.any(Date) })
    expect(await account(squatter.id)).toMatchObject({ email: null, emailVerifiedAt: null })
    for (const credential of [squatter.tokens.accessToken, createApiKey.secret])
      await expect(users.bearing(credential)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(squatter.tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
  })

  it('refuses who is suspended, and does what the provider says only as far as it can be', async () => {
    const given = claims({ email: `no\u0000address`, emailVerified: true, name: '\u0007' })
    const { identity } = await signIn(given)
    expect(await account(identity.userId)).toMatchObject({ email: null, username: expect.stringMatching(/^user_/) })
    await users.database.admin.query('update users.account set suspended_at = now() where id = $1', [identity.userId])
    await expect(signIn(given)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    for (const subject of ['', 'x'.repeat(256), 'a\u0000'])
      await expect(signIn(claims({ subject }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('asks for the second factor', async () => {
    const given = claims({ email: 'guarded@example.com', emailVerified: true })
    const { identity } = await signIn(given)
    await users.database.admin.query('insert into users.second_factor (account_id, enabled_at) values ($1, now())', [identity.userId])
    await expect(signIn(given)).rejects.toMatchObject({ code: 'TOTP_REQUIRED' })
    await expect(signIn(given, '000000')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('leaves an account without a password, which is changed within 10 minutes of signing in', async () => {
    const given = claims({ name: 'Passwordless' })
    const { tokens } = await signIn(given)
    const asking = await users.bearing(tokens.accessToken)
    const set = 'mutation { changePassword(input: { newPassword: "five smooth white pebbles" }) { viewer { userId } } }'
    await users.database.shiftClock('users', '11 minutes')
    expect((await users.ask(set, {}, asking)).errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED', reauthenticate: true })
    await users.database.shiftClock('users', '0')
    expect(codesOf(await users.ask(set, {}, asking))).toEqual([])
    expect(codesOf(await users.signIn('passwordless', { password: 'five smooth white pebbles' }))).toEqual([])
  })

  it('makes no account where sign-ups are closed', async () => {
    const closed = await startInstance({ SIGN_UPS: 'closed' })
    const caller = callerOf(closed.nobody(), 'users', 'write')
    await expect(closed.services.signIns.withClaims(caller, claims())).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await closed.close()
  })
})
