import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, startInstance, type Tokens } from './instance.js'

const CLAIM =
  'mutation ($input: ClaimOwnershipInput!) { claimOwnership(input: $input) { viewer { scopes user { username role } } tokens { accessToken } } }'

describe('the owner', () => {
  let users: Instance
  beforeEach(async () => {
    await users?.close()
    users = await startInstance()
  })
  afterAll(() => users.close())

  const newToken = async () => new URL((await users.services.ownership.link()) ?? '').hash.slice(1)
  const claim = (token: string, input: object = {}) =>
    users.ask(CLAIM, { input: { token, username: 'owner', email: 'owner@example.org', password: PASSWORD, ...input } }, users.nobody())
  const admins = async () =>
    (await users.database.admin.query(`select count(*)::int as count from users.account where role = 'ADMIN'`)).rows[0].count

  it('comes by the link that a start prints, once', async () => {
    const link = (await users.services.ownership.link()) ?? ''
    expect(link).toMatch(/^http:\/\/localhost:4000\/claim-ownership#[\w-]{43}$/)
    const token = new URL(link).hash.slice(1)
    expect(await users.services.ownership.peek(token)).toBe(true)
    const { data } = await claim(token)
    expect(data).toMatchObject({
      claimOwnership: { viewer: { user: { username: 'owner', role: 'ADMIN' }, scopes: expect.arrayContaining(['users:admin']) } },
    })
    const { accessToken } = (data as { claimOwnership: { tokens: Tokens } }).claimOwnership.tokens
    expect(codesOf(await users.ask('{ users { totalCount } allowedClients }', {}, await users.bearing(accessToken)))).toEqual([])
    expect(codesOf(await claim(token, { username: 'other', email: 'other@example.org' }))).toEqual(['UNAUTHENTICATED'])
    expect(await users.services.ownership.link()).toBeNull()
  })

  it('is one of 20 who claim at once', async () => {
    const token = await newToken()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => claim(token, { username: `owner${index}`, email: `o${index}@example.org` })),
    )
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
    expect(answers.flatMap(codesOf)).toEqual(Array.from({ length: 19 }, () => 'UNAUTHENTICATED'))
    expect(await admins()).toBe(1)
  })

  it('has only the newest link', async () => {
    const older = await newToken()
    const token = await newToken()
    expect(codesOf(await claim(older))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await claim(token))).toEqual([])
  })

  it.each([
    ['23 hours', []],
    ['25 hours', ['UNAUTHENTICATED']],
  ])('has 24 hours: after %s it comes to %j', async (later, codes) => {
    const token = await newToken()
    await users.database.shiftClock('users', later)
    expect(codesOf(await claim(token))).toEqual(codes)
  })

  it('may try again where the input can not be, or is taken', async () => {
    await users.signUp('squatter')
    const token = await newToken()
    const wrong = await claim(token, { username: '-', password: 'short' })
    expect([codesOf(wrong), issuePathsOf(wrong)]).toEqual([['BAD_USER_INPUT'], ['input.username', 'input.password']])
    expect((await claim(token, { username: 'squatter' })).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', field: 'username' })
    expect((await claim(token, { email: 'squatter@example.org' })).errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      field: 'email',
    })
    expect(codesOf(await claim(token))).toEqual([])
  })

  it('is made unattended by address and password, once, whoever else claims', async () => {
    const token = await newToken()
    const { ownership } = users.services
    const [claimed, ...unattended] = await Promise.all([
      claim(token),
      ...Array.from({ length: 5 }, () => ownership.claimUnattended('chief.op@example.org', PASSWORD)),
    ])
    expect(await admins()).toBe(1)
    expect(unattended.filter(Boolean).length + (claimed.errors ? 0 : 1)).toBe(1)
    expect(await ownership.claimUnattended('else@example.org', PASSWORD)).toBe(false)
    expect(await ownership.link()).toBeNull()
  })

  it('signs in with what was set unattended', async () => {
    expect(await users.services.ownership.claimUnattended('Chief.Op@example.org', PASSWORD)).toBe(true)
    const { data } = await users.signIn('chief.op@EXAMPLE.org')
    expect(data).toMatchObject({ signIn: { viewer: { user: { username: 'chief_op' } } } })
  })

  it('takes over an account that has the address, of which whoever made it keeps nothing', async () => {
    const squatter = await users.signUp('squatter', { email: 'chief@example.org' })
    expect(await users.services.ownership.claimUnattended('chief@example.org', 'five smooth white pebbles')).toBe(true)
    await expect(users.bearing(squatter.tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(squatter.tokens.refreshToken))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('squatter'))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await users.signIn('squatter', { password: 'five smooth white pebbles' }))).toEqual([])
    expect(await admins()).toBe(1)
  })

  it('is not made with a password that many people use', async () => {
    await expect(users.services.ownership.claimUnattended('chief@example.org', 'password')).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
    })
  })
})
