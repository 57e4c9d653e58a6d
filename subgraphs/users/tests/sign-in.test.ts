import { countStatements } from '@ashlar/database/testing'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, newAddress, PASSWORD, startInstance } from './instance.js'

describe('signing in with a password', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  const wrong = { password: 'another grey stone' }

  it.each(['ada', 'ADA', 'ada@example.org', 'Ada@EXAMPLE.org'])('knows the account as %s', async (login) => {
    if (login === 'ada') await users.signUp('ada')
    const { data } = await users.signIn(login)
    expect(data?.signIn).toMatchObject({ viewer: { user: { username: 'ada' } } })
  })

  it('gives one answer, for the same work, for an unknown account and a wrong password', async () => {
    await users.signUp('known')
    const attempt = async (login: string) => {
      const before = users.hashed.count
      const { result, statements } = await countStatements(() => users.signIn(login, wrong))
      // Beside those of jobs, which run whenever they do.
      const own = statements.filter((text) => /throttle|known_address/.test(text))
      return { answer: JSON.stringify(result), hashed: users.hashed.count - before, statements: own.length }
    }
    const expected = await attempt('known')
    expect(expected.hashed).toBe(1)
    expect(JSON.parse(expected.answer).errors[0].extensions).toEqual({ code: 'UNAUTHENTICATED' })
    for (const login of ['unknown', 'nobody@example.org', 'x'.repeat(10_000), 'a\u0000b', 'a\ud800']) {
      const { answer, hashed } = await attempt(login)
      expect({ answer, hashed }).toEqual({ answer: expected.answer, hashed: 1 })
    }
    expect(await attempt('unknown2')).toEqual(expected)
  })

  it('refuses a password of 10,000 characters after the same work', async () => {
    const before = users.hashed.count
    expect(codesOf(await users.signIn('known', { password: 'x'.repeat(10_000) }))).toEqual(['UNAUTHENTICATED'])
    expect(users.hashed.count - before).toBe(1)
  })

  it('counts 20 attempts an address in 15 minutes, aliased ones too, before any hashing', async () => {
    const asking = users.nobody()
    const aliases = Array.from(
      { length: 25 },
      (_, index) => `a${index}: signIn(input: { login: "u${index}", password: "x" }) { tokens { accessToken } }`,
    )
    const before = users.hashed.count
    const codes = codesOf(await users.ask(`mutation { ${aliases.join(' ')} }`, {}, asking))
    expect(codes.filter((code) => code === 'UNAUTHENTICATED')).toHaveLength(20)
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(5)
    expect(users.hashed.count - before).toBe(20)
    await users.database.shiftClock('users', '16 minutes')
    expect(codesOf(await users.signIn('u', {}, { clientAddress: asking.request.clientAddress }))).toEqual(['UNAUTHENTICATED'])
    await users.database.shiftClock('users', '0')
  })

  it('puts off the guesses at one account, from any address, by a delay that grows and never locks', async () => {
    await users.signUp('guessed')
    const delays: number[] = []
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const { errors } = await users.signIn('guessed', wrong)
      const { code, retryAfterSeconds } = (errors?.[0]?.extensions ?? {}) as { code?: string; retryAfterSeconds: number }
      if (code !== 'RATE_LIMITED') continue
      delays.push(retryAfterSeconds)
      const [row] = await users.database
        .service('users')
        .query<{ ahead: number }>('select extract(epoch from clock() - now())::float8 as ahead')
      await users.database.shiftClock('users', `${(row?.ahead ?? 0) + retryAfterSeconds + 1} seconds`)
    }
    expect(delays.length).toBeGreaterThan(2)
    expect(delays).toEqual([...delays].sort((a, b) => a - b))
    expect(Math.max(...delays)).toBeLessThanOrEqual(60)
    await users.database.shiftClock('users', '1 hour')
    expect(codesOf(await users.signIn('guessed'))).toEqual([])
    await users.database.shiftClock('users', '0')
  })

  it('puts off guesses at an account that does not exist just the same', async () => {
    const codes: unknown[] = []
    for (let attempt = 0; attempt < 7; attempt += 1) codes.push(...codesOf(await users.signIn('not_there', wrong)))
    expect(codes).toContain('RATE_LIMITED')
  })

  it("tells by no delay whose an address is, nor whether it is anybody's", async () => {
    await users.signUp('ilse')
    await users.signUp('somebody')
    const guess = async (login: string) => codesOf(await users.signIn(login, wrong))[0]
    const putOff = async (login: string) => {
      for (let attempt = 1; attempt <= 5; attempt += 1) await guess(login)
      expect(await guess(login)).toBe('RATE_LIMITED')
    }
    await putOff('ilse')
    for (const login of ['ilse@example.org', 'somebody@example.org', 'nobody@example.org']) {
      expect([login, await guess(login)]).toEqual([login, 'UNAUTHENTICATED'])
    }
    await putOff('somebody@example.org')
    expect(await guess('somebody')).toBe('UNAUTHENTICATED')
    // Lower case is one thing in PostgreSQL and another in JavaScript: what finds an account must count as it where there is none.
    await putOff('ilse@example.org')
    await putOff('irma@example.org')
    const variants = ['\u0130lse@example.org', '\u0130rma@example.org', 'ILSE@example.org', 'IRMA@example.org']
    const [known, unknown, upper, unknownUpper] = await Promise.all(variants.map(guess))
    expect([known, upper]).toEqual([unknown, unknownUpper])
  })

  it('forgets the guesses at an account that is deleted', async () => {
    const { id, asking } = await users.signUp('leaves_guessed')
    for (const login of ['leaves_guessed', 'leaves_guessed@example.org']) await users.signIn(login, wrong)
    const left = async () =>
      (await users.database.admin.query('select count(*)::int as count from users.throttle where key like $1', [`%${id}%`])).rows[0].count
    expect(await left()).toBe(2)
    await users.data('mutation ($p: String!) { deleteAccount(input: { password: $p }) { deletedUserId } }', { p: PASSWORD }, asking)
    expect(await left()).toBe(0)
  })

  it('does not put off an address that has signed in to the account before', async () => {
    const clientAddress = newAddress()
    await users.signUp('at_home', {}, { clientAddress })
    for (let attempt = 0; attempt < 8; attempt += 1) await users.signIn('at_home', wrong)
    expect(codesOf(await users.signIn('at_home'))).toEqual(['RATE_LIMITED'])
    expect(codesOf(await users.signIn('at_home', {}, { clientAddress }))).toEqual([])
  })

  it('counts 50 guesses at once as 50', async () => {
    await users.signUp('stormed')
    const before = users.hashed.count
    const answers = await Promise.all(Array.from({ length: 50 }, () => users.signIn('stormed', wrong)))
    const limited = answers.filter((answer) => codesOf(answer)[0] === 'RATE_LIMITED')
    expect(limited.length).toBeGreaterThanOrEqual(44)
    expect(users.hashed.count - before).toBe(50 - limited.length)
  })

  it('writes each sign-in into the audit', async () => {
    const { id } = await users.signUp('audited')
    await users.signIn('audited')
    const { rows } = await users.database.admin.query(
      `select details->>'way' as way from users.audit_entry where actor_id = $1 and action = 'user.sign-in' order by at`,
      [id],
    )
    expect(rows.map(({ way }) => way)).toEqual(['sign-up', 'password'])
  })

  it('makes an app session for a page of another origin, and a full one for its own and for none', async () => {
    await users.signUp('anywhere')
    const sessionFrom = async (origin: string | null) => {
      const { data } = await users.signIn('anywhere', {}, { origin })
      const { accessToken } = (data as { signIn: { tokens: { accessToken: string } } }).signIn.tokens
      return (await users.bearing(accessToken)).identity
    }
    expect(await sessionFrom(null)).toMatchObject({ credential: 'session' })
    expect(await sessionFrom(users.config.publicUrl.origin)).toMatchObject({ credential: 'session' })
    expect(await sessionFrom('https://app.example.com')).toMatchObject({ credential: 'app', scopes: ['own'] })
  })

  it('keeps the refresh token in the cookie where that is asked for, and clears it at the end', async () => {
    await users.signUp('in_cookie')
    const asking = users.nobody({ cookieMode: true, origin: users.config.publicUrl.origin })
    const { data } = await users.ask(
      'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken refreshToken } } }',
      { input: { login: 'in_cookie', password: PASSWORD } },
      asking,
    )
    const { tokens } = (data as { signIn: { tokens: { accessToken: string; refreshToken: string | null } } }).signIn
    expect(tokens.refreshToken).toBeNull()
    const refreshCookie = asking.reply.refreshCookie?.value ?? ''
    const refreshing = users.nobody({ cookieMode: true, refreshCookie })
    const refresh = 'mutation { refreshSession(input: {}) { tokens { accessToken refreshToken } } }'
    const refreshed = await users.field<{ tokens: typeof tokens }>('refreshSession', refresh, {}, refreshing)
    expect(refreshed.tokens.refreshToken).toBeNull()
    expect(refreshing.reply.refreshCookie?.value).not.toBe(refreshCookie)
    const leaving = await users.bearing(refreshed.tokens.accessToken, { refreshCookie: refreshing.reply.refreshCookie?.value ?? null })
    await users.field('signOut', 'mutation { signOut { ok } }', {}, leaving)
    expect(leaving.reply.refreshCookie).toBeNull()
  })
})
