import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, SIGN_UP, startInstance, type Tokens } from './instance.js'

interface SignUp {
  readonly viewer: { readonly userId: string; readonly user: { readonly username: string; readonly role: string } } | null
  readonly tokens: Tokens | null
}

describe('signing up', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  const input = (username: string, more: object = {}) => ({ username, email: `${username}@example.org`, password: PASSWORD, ...more })
  const ask = (given: object, asking = users.nobody()) => users.ask(SIGN_UP, { input: given }, asking)

  it('makes the account and signs it in', async () => {
    const signUp = await users.field<SignUp>('signUp', SIGN_UP, { input: input('Ada_1', { email: 'Ada@Example.ORG' }) })
    expect(signUp.viewer).toMatchObject({ email: 'Ada@example.org', scopes: ['own'], user: { username: 'ada_1', role: 'USER' } })
    expect((await users.bearing(signUp.tokens?.accessToken ?? '')).identity).toMatchObject({ credential: 'session', role: 'USER' })
  })

  it('gives one account to 50 sign-ups at once for one username', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask(input('crowded', { email: `crowd${index}@example.org` }))),
    )
    const made = answers.filter(({ errors }) => !errors)
    const refused = answers.filter(({ errors }) => errors)
    expect(made).toHaveLength(1)
    for (const { errors } of refused) expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'username' })
  })

  it('gives one account to 50 sign-ups at once for one address', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(input(`same${index}`, { email: 'same@example.org' }))))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    for (const { errors } of answers) if (errors) expect(errors[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'email' })
  })

  it('gives one account to 50 repeats at once with one key, each signed in to it', async () => {
    const given = input('repeated', { idempotencyKey: 'once' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(given)))
    const ids = answers.map(({ data }) => (data?.signUp as SignUp | null)?.viewer?.userId)
    expect(new Set(ids).size).toBe(1)
    expect(ids[0]).toMatch(/^user_/)
  })

  it('signs in anew upon a repeat with its key for 10 minutes, for who knows the password', async () => {
    const given = input('lost_answer', { idempotencyKey: 'k' })
    await users.data(SIGN_UP, { input: given }, users.nobody())
    expect(codesOf(await ask(given))).toEqual([])
    expect(codesOf(await ask({ ...given, password: 'another grey stone' }))).toEqual(['CONFLICT'])
    expect(codesOf(await ask({ ...given, idempotencyKey: 'l' }))).toEqual(['CONFLICT'])
    expect(codesOf(await ask({ ...given, displayName: 'Other' }))).toEqual(['CONFLICT'])
    await users.database.shiftClock('users', '11 minutes')
    expect(codesOf(await ask(given))).toEqual(['CONFLICT'])
    await users.database.shiftClock('users', '0')
  })

  it('keeps a username apart without regard to case', async () => {
    await users.signUp('casefold')
    const { errors } = await ask(input('CaseFold', { email: 'fold@example.org' }))
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'username' })
  })

  it('keeps an address apart without regard to case', async () => {
    await users.signUp('mixed', { email: 'Mixed@example.org' })
    const { errors } = await ask(input('mixed2', { email: 'mIXED@EXAMPLE.org' }))
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'email' })
  })

  it('says all that is wrong with the input at once', async () => {
    const answer = await ask({
      username: 'a b',
      email: 'a@example.org',
      password: 'short',
      displayName: '\u0000',
      idempotencyKey: 'x'.repeat(129),
    })
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(issuePathsOf(answer)).toEqual(['input.username', 'input.displayName', 'input.password', 'input.idempotencyKey'])
  })

  it.each([
    ['a username with a letter that lower-cases into a-z', { username: '\u212Aelvin' }, 'input.username'],
    ['a username of 2', { username: 'ab' }, 'input.username'],
    ['a username of 31', { username: 'a'.repeat(31) }, 'input.username'],
    ['a password of 7', { password: 'x7-_aQ1' }, 'input.password'],
    ['a password of 10,000', { password: 'xY7_'.repeat(2_500) }, 'input.password'],
    ['a password that many people use', { password: 'Password1' }, 'input.password'],
    ['a password of one letter', { password: 'zzzzzzzzzzzz' }, 'input.password'],
    ['a password with a control character', { password: `grey\u0007 stones` }, 'input.password'],
    ['an address without a domain', { email: 'ada' }, 'input.email'],
    ['an address with a local part of 65', { email: `${'a'.repeat(65)}@example.org` }, 'input.email'],
    [
      'an address of 255',
      { email: `a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(10)}.org` },
      'input.email',
    ],
    ['a display name of 301', { displayName: 'x'.repeat(301) }, 'input.displayName'],
    ['a display name of 1 MB', { displayName: 'x'.repeat(1_000_000) }, 'input.displayName'],
    ['a display name of blanks', { displayName: '  ' }, 'input.displayName'],
    ['a display name with half of a surrogate pair', { displayName: 'a\ud800' }, 'input.displayName'],
  ])('refuses %s, and writes nothing', async (_, wrong, path) => {
    const answer = await ask(input('wrong_input', wrong))
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT'])
    expect(issuePathsOf(answer)).toEqual([path])
    expect(await users.services.people.byUsername('wrong_input')).toBeNull()
  })

  it('takes a password of 1,000 characters, and the same one from another keyboard', async () => {
    const password = `\u00e9${'stone '.repeat(166)}end`
    await users.signUp('long_password', { password })
    expect(codesOf(await users.signIn('long_password', { password: password.normalize('NFD') }))).toEqual([])
  })

  it('counts 10 an hour from one address, IPv6 by its /64', async () => {
    const at = (index: number) => users.nobody({ clientAddress: `2001:db8:1:2::${index.toString(16)}` })
    for (let index = 0; index < 10; index += 1) await ask(input('x'), at(index))
    for (let index = 0; index < 10; index += 1) await ask(input(`counted${index}`), at(index))
    const answer = await ask(input('counted10'), at(10))
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) })
    expect(codesOf(await ask(input('counted10'), users.nobody({ clientAddress: '2001:db8:1:3::1' })))).toEqual([])
  })

  it('is forbidden to keys and to apps', async () => {
    const person = await users.signUp('signed_in')
    const as = (credential: 'app' | 'key') => ({ ...person.asking, identity: { ...person.identity, credential } })
    expect(codesOf(await ask(input('by_key'), as('key')))).toEqual(['FORBIDDEN'])
    expect(codesOf(await ask(input('by_app'), as('app')))).toEqual(['FORBIDDEN'])
    expect(codesOf(await ask(input('by_session'), person.asking))).toEqual([])
  })
})

describe('signing up where sign-ups are closed', () => {
  it('is forbidden', async () => {
    const users = await startInstance({ SIGN_UPS: 'closed' })
    const answer = await users.ask(SIGN_UP, { input: { username: 'ada', email: 'ada@example.org', password: PASSWORD } })
    expect(codesOf(answer)).toEqual(['FORBIDDEN'])
    await users.close()
  })
})
