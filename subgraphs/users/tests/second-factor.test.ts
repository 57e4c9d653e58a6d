import type { Asking } from '@ashlar/kit/caller'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Secret, TOTP, URI } from 'otpauth'
import { type Instance, PASSWORD, type Person, SIGN_UP, startInstance } from './instance.js'

const ENROLL = 'mutation { enrollTotp { otpauthUri secret } }'
const CONFIRM = 'mutation ($code: String!) { confirmTotp(input: { code: $code }) { viewer { totpEnabled } recoveryCodes } }'
const DISABLE = 'mutation ($code: String!) { disableTotp(input: { code: $code }) { viewer { totpEnabled } } }'

interface Protected extends Person {
  /** The code of a step before or after the current one. */
  code(steps?: number): string
  readonly recoveryCodes: readonly string[]
}

describe('the second factor', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  // The database's clock is this machine's here: a code is made for the moment that the service will ask it about.
  let ahead = 0
  const shift = async (seconds: number) => {
    ahead = seconds
    await users.database.shiftClock('users', `${seconds} seconds`)
  }
  const enroll = async (person: Person) => {
    const { enrollTotp } = await users.data<{ enrollTotp: { secret: string; otpauthUri: string } }>(ENROLL, {}, person.asking)
    const totp = new TOTP({ secret: Secret.fromBase32(enrollTotp.secret) })
    return { ...enrollTotp, code: (steps = 0) => totp.generate({ timestamp: Date.now() + (ahead + 30 * steps) * 1_000 }) }
  }
  const protect = async (username: string): Promise<Protected> => {
    const person = await users.signUpConfirmed(username)
    const { code } = await enroll(person)
    const { confirmTotp } = await users.data<{ confirmTotp: { recoveryCodes: string[] } }>(CONFIRM, { code: code(-1) }, person.asking)
    return { ...person, code, recoveryCodes: confirmTotp.recoveryCodes }
  }
  const signIn = async (login: string, totpCode?: string) => codesOf(await users.signIn(login, totpCode === undefined ? {} : { totpCode }))
  const ask = (query: string, variables: object, asking?: Asking) =>
    users.ask(query, variables as Record<string, unknown>, asking ?? users.nobody())

  it('needs a verified address', async () => {
    const { asking } = await users.signUp('unverified')
    expect(codesOf(await ask(ENROLL, {}, asking))).toEqual(['FORBIDDEN'])
  })

  it('changes nothing until it is confirmed, by a secret that any app scans', async () => {
    const person = await users.signUpConfirmed('scanner')
    const { otpauthUri, secret, code } = await enroll(person)
    expect(await signIn('scanner')).toEqual([])
    const scanned = URI.parse(otpauthUri) as TOTP
    expect([scanned.label, scanned.secret.base32, scanned.digits, scanned.period]).toEqual(['scanner', secret, 6, 30])
    expect(codesOf(await ask(CONFIRM, { code: '000000' }, person.asking))).toEqual(['BAD_USER_INPUT'])
    const { confirmTotp } = await users.data<{ confirmTotp: { viewer: object; recoveryCodes: string[] } }>(
      CONFIRM,
      { code: code() },
      person.asking,
    )
    expect(confirmTotp.viewer).toEqual({ totpEnabled: true })
    expect(new Set(confirmTotp.recoveryCodes).size).toBe(10)
    expect(await signIn('scanner')).toEqual(['TOTP_REQUIRED'])
    expect(codesOf(await ask(ENROLL, {}, person.asking))).toEqual(['CONFLICT'])
  })

  it('turns on no other secret than the one whose code confirmed it', async () => {
    const person = await users.signUpConfirmed('two_phones')
    const first = await enroll(person)
    const { admin } = users.database
    await admin.query('begin')
    await admin.query('select from users.account where id = $1 for no key update', [person.id])
    const confirming = ask(CONFIRM, { code: first.code() }, person.asking)
    const waiting = 'select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))'
    await until(async () => (await admin.query(waiting)).rows.length > 0)
    const second = await enroll(person)
    await admin.query('commit')
    expect(codesOf(await confirming)).toEqual(['NOT_FOUND'])
    expect(await signIn('two_phones')).toEqual([])
    expect(codesOf(await ask(CONFIRM, { code: second.code() }, person.asking))).toEqual([])
  })

  it('is asked for where a sign-up is repeated with its key, and only of who knows the password', async () => {
    const input = { username: 'returner', email: 'returner@example.org', password: PASSWORD, idempotencyKey: 'returning' }
    const person = await users.signUp('returner', input)
    const repeated = async (more: object = {}, asking = users.nobody()) =>
      codesOf(await users.ask(SIGN_UP, { input: { ...input, ...more } }, asking))
    expect(await repeated()).toEqual([])
    const { token } = await users.mail('verify-email', person.email)
    await users.data('mutation ($token: String!) { verifyEmail(input: { token: $token }) { ok } }', { token })
    await users.data(CONFIRM, { code: (await enroll(person)).code() }, person.asking)
    expect(await repeated()).toEqual(['TOTP_REQUIRED'])
    expect(await repeated({}, person.asking)).toEqual(['TOTP_REQUIRED'])
    expect(await repeated({ password: 'another grey stone' })).toEqual(['CONFLICT'])
  })

  it('asks only who knows the password', async () => {
    await protect('quiet')
    expect(codesOf(await users.signIn('quiet', { password: 'another grey stone' }))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('quiet', { password: 'another grey stone', totpCode: '123456' }))).toEqual(['UNAUTHENTICATED'])
  })

  it('accepts each step once, one before and one after the current one', async () => {
    const { code } = await protect('stepped')
    await shift(600)
    expect(await signIn('stepped', code(-2))).toEqual(['UNAUTHENTICATED'])
    expect(await signIn('stepped', code(2))).toEqual(['UNAUTHENTICATED'])
    expect(await signIn('stepped', code(-1))).toEqual([])
    expect(await signIn('stepped', code(-1))).toEqual(['UNAUTHENTICATED'])
    expect(await signIn('stepped', ` ${code(0).slice(0, 3)} ${code(0).slice(3)} `)).toEqual([])
    expect(await signIn('stepped', code(1))).toEqual([])
    expect(await signIn('stepped', code(0))).toEqual(['UNAUTHENTICATED'])
    await shift(0)
  })

  it('accepts one step for one of 20 at once', async () => {
    const { code } = await protect('raced')
    await shift(600)
    const codes = await Promise.all(Array.from({ length: 20 }, () => signIn('raced', code())))
    expect(codes.filter((each) => each.length === 0)).toHaveLength(1)
    await shift(0)
  })

  it('pauses for 15 minutes after five wrong codes, at once or one by one, apart from passwords', async () => {
    const { code } = await protect('paused')
    await shift(600)
    const wrong = (await Promise.all(Array.from({ length: 12 }, () => signIn('paused', '000000')))).flat()
    expect(wrong.filter((each) => each === 'UNAUTHENTICATED')).toHaveLength(5)
    expect(wrong.filter((each) => each === 'RATE_LIMITED')).toHaveLength(7)
    expect(await signIn('paused', code())).toEqual(['RATE_LIMITED'])
    await shift(600 + 14 * 60)
    expect(await signIn('paused', code())).toEqual(['RATE_LIMITED'])
    await shift(600 + 16 * 60)
    expect(await signIn('paused', '000000')).toEqual(['UNAUTHENTICATED'])
    expect(await signIn('paused', code())).toEqual([])
    await shift(0)
  })

  it('takes each recovery code once, however it is typed', async () => {
    const { recoveryCodes } = await protect('lost_phone')
    const [first = '', second = ''] = recoveryCodes
    expect(await signIn('lost_phone', first)).toEqual([])
    expect(await signIn('lost_phone', first)).toEqual(['UNAUTHENTICATED'])
    const codes = await Promise.all(Array.from({ length: 5 }, () => signIn('lost_phone', second.toUpperCase().replaceAll('-', ' '))))
    expect(codes.filter((each) => each.length === 0)).toHaveLength(1)
    const { rows } = await users.database.admin.query('select row_to_json(t)::text as row from users.recovery_code t')
    for (const code of recoveryCodes) expect(JSON.stringify(rows)).not.toContain(code)
  })

  it('is asked for after links and resets too, and leaves their tokens usable', async () => {
    const { email, code } = await protect('linked')
    await users.data(
      'mutation ($email: EmailAddress!) { requestSignInLink(input: { email: $email }) { ok } requestPasswordReset(input: { email: $email }) { ok } }',
      { email },
      users.nobody(),
    )
    const link = (await users.mail('sign-in-link', email)).token
    const reset = (await users.mail('reset-password', email)).token
    const LINK = 'mutation ($input: SignInWithLinkInput!) { signInWithLink(input: $input) { tokens { accessToken } } }'
    const RESET = 'mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { tokens { accessToken } } }'
    await shift(300)
    expect(codesOf(await ask(LINK, { input: { token: link } }))).toEqual(['TOTP_REQUIRED'])
    expect(codesOf(await ask(LINK, { input: { token: link, totpCode: '000000' } }))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await ask(LINK, { input: { token: link, totpCode: code() } }))).toEqual([])
    const input = { token: reset, newPassword: 'five smooth white pebbles' }
    expect(codesOf(await ask(RESET, { input }))).toEqual(['TOTP_REQUIRED'])
    expect(codesOf(await ask(RESET, { input: { ...input, totpCode: code(1) } }))).toEqual([])
    await shift(0)
  })

  it('is asked for where the address changes', async () => {
    const { asking, code } = await protect('careful')
    const CHANGE = 'mutation ($input: RequestEmailChangeInput!) { requestEmailChange(input: $input) { ok } }'
    const input = { email: 'careful2@example.org', currentPassword: PASSWORD }
    expect(codesOf(await ask(CHANGE, { input }, asking))).toEqual(['TOTP_REQUIRED'])
    expect(codesOf(await ask(CHANGE, { input: { ...input, totpCode: code() } }, asking))).toEqual([])
  })

  it('is turned off by a code', async () => {
    const { asking, recoveryCodes } = await protect('done')
    expect(codesOf(await ask(DISABLE, { code: '000000' }, asking))).toEqual(['BAD_USER_INPUT'])
    expect((await ask(DISABLE, { code: recoveryCodes[0] }, asking)).data).toEqual({ disableTotp: { viewer: { totpEnabled: false } } })
    expect(await signIn('done')).toEqual([])
    expect((await ask(DISABLE, { code: 'whatever' }, asking)).data).toEqual({ disableTotp: { viewer: { totpEnabled: false } } })
  })

  it('keeps its secrets sealed', async () => {
    const person = await users.signUpConfirmed('sealed_totp')
    const { secret } = await enroll(person)
    const { rows } = await users.database.admin.query(
      `select encode(pending_sealed, 'hex') as sealed from users.second_factor where account_id = $1`,
      [person.id],
    )
    expect(rows[0].sealed).not.toContain(Buffer.from(Secret.fromBase32(secret).bytes).toString('hex'))
  })
})
