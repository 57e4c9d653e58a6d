import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, startInstance, type Tokens } from './instance.js'

describe('refreshing a session', () => {
  let users: Instance
  beforeAll(async () => {
    users = await startInstance()
  })
  afterAll(() => users.close())

  let people = 0
  const newTokens = async (): Promise<Tokens> => {
    people += 1
    return (await users.signUp(`refresher${people}`)).tokens
  }
  const swap = async (refreshToken: string): Promise<Tokens> => {
    const { data, errors } = await users.refresh(refreshToken)
    expect(errors).toBeUndefined()
    return (data as { refreshSession: { tokens: Tokens } }).refreshSession.tokens
  }
  const codes = async (refreshToken: string) => codesOf(await users.refresh(refreshToken))
  const shift = (by: string) => users.database.shiftClock('users', by)

  it('swaps a token for a new pair', async () => {
    const first = await newTokens()
    const second = await swap(first.refreshToken)
    expect(second.refreshToken).not.toBe(first.refreshToken)
    expect((await users.bearing(second.accessToken)).identity?.credential).toBe('session')
  })

  it('gives one successor to 50 at once', async () => {
    const { refreshToken } = await newTokens()
    const all = await Promise.all(Array.from({ length: 50 }, () => swap(refreshToken)))
    expect(new Set(all.map((tokens) => tokens.refreshToken)).size).toBe(1)
    expect(await codes(all[0]?.refreshToken ?? '')).toEqual([])
  })

  it('leaves nothing that opens a session which is ended meanwhile, however the two meet', async () => {
    const { username } = await users.signUp('leaving')
    for (let round = 0; round < 10; round += 1) {
      const { data } = await users.signIn(username)
      const { tokens } = (data as { signIn: { tokens: Tokens } }).signIn
      const asking = await users.bearing(tokens.accessToken)
      const [out, ...answers] = await Promise.all([
        users.ask('mutation { signOut { ok } }', {}, asking),
        ...Array.from({ length: 4 }, () => users.refresh(tokens.refreshToken)),
      ])
      expect(codesOf(out)).toEqual([])
      for (const answer of answers) {
        expect(['UNAUTHENTICATED', undefined]).toContain(codesOf(answer)[0])
        const given = (answer.data as { refreshSession: { tokens: Tokens } | null }).refreshSession?.tokens
        if (given) expect(codesOf(await users.refresh(given.refreshToken))).toEqual(['UNAUTHENTICATED'])
      }
    }
  })

  it('gives the same successor again to a client that lost the answer, even a day later', async () => {
    const { refreshToken } = await newTokens()
    const lost = await swap(refreshToken)
    await shift('1 day')
    expect((await swap(refreshToken)).refreshToken).toBe(lost.refreshToken)
    await shift('0')
  })

  it('has another process give the same successor, as after a kill between the commit and the answer', async () => {
    const { refreshToken } = await newTokens()
    const lost = await swap(refreshToken)
    const other = await users.another()
    await shift('1 minute')
    const again = await other.services.sessions.refresh(callerOfNobody(), refreshToken)
    expect(again.tokens.refreshToken).toBe(lost.refreshToken)
    expect(await codes(lost.refreshToken)).toEqual([])
    await shift('0')
  })

  it('refuses a replay without harm for 10 s from the first use of the successor', async () => {
    const first = await newTokens()
    const second = await swap(first.refreshToken)
    const third = await swap(second.refreshToken)
    expect(await codes(first.refreshToken)).toEqual(['UNAUTHENTICATED'])
    await shift('9 seconds')
    expect(await codes(first.refreshToken)).toEqual(['UNAUTHENTICATED'])
    expect(await codes(third.refreshToken)).toEqual([])
    await shift('0')
  })

  it('ends the session upon a later replay, with all descendants, used ones too, and its access tokens at once', async () => {
    const first = await newTokens()
    const second = await swap(first.refreshToken)
    const third = await swap(second.refreshToken)
    const fourth = await swap(third.refreshToken)
    expect((await users.bearing(fourth.accessToken)).identity).not.toBeNull()
    await shift('11 seconds')
    expect(await codes(first.refreshToken)).toEqual(['UNAUTHENTICATED'])
    for (const { refreshToken } of [first, second, third, fourth]) expect(await codes(refreshToken)).toEqual(['UNAUTHENTICATED'])
    await expect(users.bearing(fourth.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await shift('0')
  })

  it('writes what it refused into the audit', async () => {
    const { id, tokens } = await users.signUp('audited')
    const second = await swap(tokens.refreshToken)
    await swap(second.refreshToken)
    await codes(tokens.refreshToken)
    await shift('11 seconds')
    await codes(tokens.refreshToken)
    await shift('0')
    const { rows } = await users.database.admin.query(
      `select outcome, details->>'reason' as reason from users.audit_entry where actor_id = $1 and action = 'user.refresh' order by at`,
      [id],
    )
    expect(rows).toEqual([
      { outcome: 'REFUSED', reason: 'refused' },
      { outcome: 'REFUSED', reason: 'replayed' },
    ])
  })

  it("renews by the cookie only for a page of the session's own origin, and leaves it unharmed by any other", async () => {
    const app = 'https://app.example.com'
    const pages = users.config.publicUrl.origin
    await users.signUp('two_doors')
    const signedInAt = async (origin: string) => {
      const asking = users.nobody({ cookieMode: true, origin })
      const input = { login: 'two_doors', password: PASSWORD }
      await users.field('signIn', 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }', { input }, asking)
      return asking.reply.refreshCookie?.value ?? ''
    }
    const renew = async (refreshCookie: string, origin: string) => {
      const asking = users.nobody({ cookieMode: true, origin, refreshCookie })
      const answer = await users.ask('mutation { refreshSession(input: {}) { viewer { scopes } tokens { accessToken } } }', {}, asking)
      return { codes: codesOf(answer), cookie: asking.reply.refreshCookie?.value }
    }
    const full = await signedInAt(pages)
    for (const origin of [app, 'http://localhost:1', `${pages}/`, pages.toUpperCase()])
      expect(await renew(full, origin)).toEqual({ codes: ['UNAUTHENTICATED'], cookie: undefined })
    const next = await renew(full, pages)
    expect(next).toEqual({ codes: [], cookie: expect.any(String) })
    // Even what would be a replay from its own page ends nothing from another's.
    await renew(next.cookie ?? '', pages)
    await shift('11 seconds')
    expect(await renew(full, app)).toEqual({ codes: ['UNAUTHENTICATED'], cookie: undefined })
    expect(await renew(next.cookie ?? '', pages.replace('localhost', '127.0.0.1'))).toEqual({ codes: [], cookie: expect.any(String) })
    await shift('0')

    const apps = await signedInAt(app)
    expect((await renew(apps, pages)).codes).toEqual(['UNAUTHENTICATED'])
    expect(await renew(apps, app)).toEqual({ codes: [], cookie: expect.any(String) })
  })

  it.each(['', 'x', '\u0000', 'x'.repeat(100_000)])('refuses what is no token', async (token) => {
    expect(await codes(token)).toEqual(['UNAUTHENTICATED'])
  })

  it('ends 30 days after its last use', async () => {
    const first = await newTokens()
    await shift('29 days')
    const second = await swap(first.refreshToken)
    await shift('58 days')
    const third = await swap(second.refreshToken)
    await shift('89 days')
    expect(await codes(third.refreshToken)).toEqual(['UNAUTHENTICATED'])
    await shift('0')
  })

  it('ends 180 days after its sign-in, however often it is used', async () => {
    let tokens = await newTokens()
    for (const days of [25, 50, 75, 100, 125, 150, 175]) {
      await shift(`${days} days`)
      tokens = await swap(tokens.refreshToken)
    }
    expect(Date.parse(tokens.refreshTokenExpiresAt) - Date.now()).toBeLessThan(181 * 86_400_000)
    await shift('181 days')
    expect(await codes(tokens.refreshToken)).toEqual(['UNAUTHENTICATED'])
    await shift('0')
  })

  it('stores no token, and no successor that could be read without its predecessor', async () => {
    const first = await newTokens()
    const second = await swap(first.refreshToken)
    const { rows } = await users.database.admin.query('select row_to_json(t)::text as row from users.refresh_token t')
    const stored = rows.map(({ row }) => row).join('\n')
    for (const token of [first.refreshToken, second.refreshToken]) {
      expect(stored).not.toContain(token)
      expect(stored).not.toContain(Buffer.from(token).toString('hex'))
    }
    await swap(second.refreshToken)
    const { rows: left } = await users.database.admin.query(
      'select count(*)::int as count from users.refresh_token where successor_used_at is not null and successor_sealed is not null',
    )
    expect(left).toEqual([{ count: 0 }])
  })

  const callerOfNobody = () => ({ ...users.nobody(), userId: null, may: () => false })
})
