import { get } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser } from '../pages/browser.js'
import { askingOf, bearerOf, confirmAddress, type Site, signIn, signUp, turnOnTotp } from '../pages/site.js'
import { type House, startHouse } from './house.js'
import type { TestProvider } from './provider.js'

const PASSWORD = 'four plain grey stones'

describe.each([
  ['at the UserInfo endpoint', false],
  ['in the ID token', true],
])('signing in with an OpenID provider that tells the address %s', (_, claimsInIdToken) => {
  it('makes an account, signs in to it again, and goes where the person wanted to', async () => {
    await using house = await startHouse({ claimsInIdToken })
    const { site, stone } = house
    stone.person = { sub: 'ada', email: 'ada@example.org', email_verified: true, name: 'Ada Lovelace' }
    const browser = site.browser()
    expect((await browser.open('/sign-in')).html).toContain('href="/sign-in/stone"')
    const landed = await house.enter(browser, '/sign-in/stone')
    expect(landed.text).toContain('Ada Lovelace')
    expect(landed.url.href).toBe(`${site.address}/sign-in`)
    const first = await bearerOf(site, browser)
    expect(first).toMatchObject({ role: 'USER', credential: 'session', scopes: ['own'] })
    expect(await viewer(site, browser)).toEqual({ email: 'ada@example.org', emailVerified: true })

    const again = site.browser()
    const gone = await house.enter(again, '/sign-in/stone?return=/sign-in?from=elsewhere')
    expect(gone.url.search).toBe('?from=elsewhere')
    expect(await bearerOf(site, again)).toMatchObject({ userId: first?.userId })
  })
})

describe('an OpenID sign-in', () => {
  let house: House
  let site: Site
  let stone: TestProvider
  beforeAll(async () => {
    house = await startHouse()
    ;({ site, stone } = house)
  })
  afterAll(() => house.close())
  beforeEach(() => {
    stone.person = { sub: 'stranger' }
  })
  afterEach(() => site.database.shiftClock('users', '0'))

  it('begins at the public address, whatever host the target of the request names', async () => {
    const port = new URL(site.address).port
    const ask = (path: string) =>
      new Promise<string | undefined>((resolve, reject) => {
        get({ host: '127.0.0.1', port, path, headers: { host: `127.0.0.1:${port}` }, agent: false }, (answer) => {
          answer.resume()
          resolve(answer.headers.location)
        }).on('error', reject)
      })
    for (const host of ['http://evil.example', 'http://user@evil.example:81', 'https://evil.example', '']) {
      expect([host, await ask(`${host}/sign-in/stone?return=/x`)]).toEqual([host, `${site.address}/sign-in/stone?return=/x`])
    }
  })

  it('asks for a code with state, nonce and PKCE, which nobody can read in the cookie', async () => {
    const browser = site.browser()
    const screen = await browser.open('/sign-in/stone', { follow: false })
    const asked = new URL(screen.headers.get('location') ?? '')
    expect(asked.origin).toBe(stone.configured.issuer.origin)
    expect(Object.fromEntries(asked.searchParams)).toMatchObject({
      response_type: 'code',
      redirect_uri: `${site.address}/sign-in/stone/callback`,
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })
    const [cookie = ''] = browser.setCookies.filter((each) => each.includes('-attempt='))
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax/)
    for (const name of ['state', 'nonce']) expect(cookie).not.toContain(asked.searchParams.get(name))
  })

  it('begins at the public address, where its cookie has to be', async () => {
    const browser = site.browser()
    const screen = await browser.open(`${site.address.replace('localhost', '127.0.0.1')}/sign-in/stone?return=/x`, { follow: false })
    expect(screen.headers.get('location')).toBe(`${site.address}/sign-in/stone?return=/x`)
  })

  it('refuses a way back that was used already', async () => {
    const browser = site.browser()
    const back = await house.way(browser)
    const cookies = new Map(browser.cookies.get('localhost'))
    expect((await browser.open(back)).heading).toBe('You are signed in')
    const requests = stone.tokenRequests
    const replayed = await browser.open(back)
    expect([replayed.status, stone.tokenRequests]).toEqual([401, requests])
    // Not even whoever kept a copy of the cookie: the provider gives each code once.
    const thief = site.browser()
    thief.cookies.set('localhost', cookies)
    expect((await thief.open(back)).status).toBe(401)
    expect(await bearerOf(site, thief)).toBeNull()
  })

  it.each<[string, (back: URL) => void]>([
    ['another state', (back) => back.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (back) => back.searchParams.delete('state')],
    ['another issuer', (back) => back.searchParams.set('iss', 'https://evil.example')],
    ['no issuer, though the provider names it', (back) => back.searchParams.delete('iss')],
    ['another code', (back) => back.searchParams.set('code', 'x'.repeat(43))],
    ['no code', (back) => back.searchParams.delete('code')],
    ['a code twice', (back) => back.searchParams.append('code', 'x'.repeat(43))],
  ])('refuses a way back with %s', async (_, change) => {
    const browser = site.browser()
    const back = await house.way(browser)
    change(back)
    const screen = await browser.open(back)
    expect([screen.status, await bearerOf(site, browser)]).toEqual([401, null])
    expect(browser.cookie(/-attempt$/)).toBeUndefined()
  })

  it("refuses another browser's way back, with an attempt of its own or without", async () => {
    const back = await house.way(site.browser())
    const victim = site.browser()
    expect((await victim.open(back)).status).toBe(401)
    await house.way(victim)
    expect((await victim.open(back)).status).toBe(401)
    expect(await bearerOf(site, victim)).toBeNull()
  })

  it('refuses a way back that took longer than ten minutes', async () => {
    const browser = site.browser()
    const back = await house.way(browser)
    await site.database.shiftClock('users', '11 minutes')
    expect([(await browser.open(back)).status, await bearerOf(site, browser)]).toEqual([401, null])
  })

  it('refuses an ID token with another nonce, and a code for another challenge', async () => {
    for (const [name, value] of [
      ['nonce', 'x'.repeat(43)],
      ['code_challenge', 'x'.repeat(43)],
    ] as const) {
      const browser = site.browser()
      const started = await browser.open('/sign-in/stone', { follow: false })
      const asked = new URL(started.headers.get('location') ?? '')
      asked.searchParams.set(name, value)
      const back = await house.back(browser, await browser.open(asked))
      expect([name, (await browser.open(back)).status, await bearerOf(site, browser)]).toEqual([name, 401, null])
    }
  })

  it("refuses a provider's way back for the attempt at another", async () => {
    const browser = site.browser()
    const back = await house.way(browser)
    back.pathname = '/sign-in/brick/callback'
    expect((await browser.open(back)).status).toBe(404)
  })

  it('is tried twenty times in a quarter of an hour from one address, and the provider asked no more', async () => {
    const browser = site.browser()
    const back = await house.way(browser)
    back.searchParams.set('code', 'x'.repeat(43))
    const attempt = new Map(browser.cookies.get('localhost'))
    const before = stone.tokenRequests
    const statuses: number[] = []
    for (let times = 0; times < 22; times += 1) {
      browser.cookies.set('localhost', new Map(attempt))
      statuses.push((await browser.open(back)).status)
    }
    expect(statuses).toEqual([...Array(20).fill(401), 429, 429])
    expect(stone.tokenRequests - before).toBe(20)
  })

  it('says that the person turned back', async () => {
    const browser = site.browser()
    const screen = await browser.open('/sign-in/stone')
    const stopped = await browser.post(screen.url, { enter: 'no' })
    expect([stopped.status, stopped.text.includes('stopped')]).toEqual([401, true])
    expect(await bearerOf(site, browser)).toBeNull()
  })

  it('signs in to an account by its address, where both sides have verified it', async () => {
    const owner = await signUp(site, 'both')
    await confirmAddress(site, owner, 'both@example.org')
    stone.person = { sub: 'both-at-stone', email: 'BOTH@example.org', email_verified: true }
    const browser = site.browser()
    await house.enter(browser)
    expect((await bearerOf(site, browser))?.userId).toBe((await bearerOf(site, owner))?.userId)
    // From now on by issuer and subject, whatever the address says.
    stone.person = { sub: 'both-at-stone', email: 'moved@example.org', email_verified: true }
    const later = site.browser()
    await house.enter(later)
    expect((await bearerOf(site, later))?.userId).toBe((await bearerOf(site, owner))?.userId)
    expect((await signIn(site.browser(), 'both')).heading).toBe('You are signed in')
  })

  it('is another account where the provider has not verified the address', async () => {
    const owner = await signUp(site, 'ours')
    await confirmAddress(site, owner, 'ours@example.org')
    stone.person = { sub: 'pretender', email: 'ours@example.org', email_verified: false }
    const browser = site.browser()
    await house.enter(browser)
    expect((await bearerOf(site, browser))?.userId).not.toBe((await bearerOf(site, owner))?.userId)
    expect(await viewer(site, browser)).toEqual({ email: null, emailVerified: false })
    expect(await viewer(site, owner)).toEqual({ email: 'ours@example.org', emailVerified: true })
  })

  it('takes an address from an account that never verified it, with its sessions and keys', async () => {
    const squatter = await signUp(site, 'squatter')
    const { createApiKey } = await site.data<{ createApiKey: { secret: string } }>(
      'mutation { createApiKey(input: { name: "kept", scopes: ["users:read"] }) { secret } }',
      {},
      await askingOf(site, squatter),
    )
    stone.person = { sub: 'real-owner', email: 'squatter@example.org', email_verified: true }
    const browser = site.browser()
    await house.enter(browser)
    expect(await viewer(site, browser)).toEqual({ email: 'squatter@example.org', emailVerified: true })
    expect(await bearerOf(site, squatter)).toBeNull()
    await expect(site.services.credentials.authenticate(`Bearer ${createApiKey.secret}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    // The account itself stays its owner's, without the address.
    expect((await signIn(site.browser(), 'squatter@example.org')).status).toBe(401)
    const back = site.browser()
    expect((await signIn(back, 'squatter')).heading).toBe('You are signed in')
    expect(await viewer(site, back)).toEqual({ email: null, emailVerified: false })
  })

  it('asks for the second factor, here as everywhere', async () => {
    const owner = await signUp(site, 'twice')
    await confirmAddress(site, owner, 'twice@example.org')
    const { recoveryCodes } = await turnOnTotp(site, owner)
    stone.person = { sub: 'twice-at-stone', email: 'twice@example.org', email_verified: true }
    const browser = site.browser()
    const asked = await house.enter(browser, '/sign-in/stone?return=/sign-in?done=1')
    expect([asked.status, asked.html.includes('one-time-code'), await bearerOf(site, browser)]).toEqual([401, true, null])
    expect((await browser.send(asked, { totpCode: '000000' })).status).toBe(401)
    const entered = await browser.send(asked, { totpCode: recoveryCodes[0] ?? '' })
    expect([entered.heading, entered.url.search]).toEqual(['You are signed in', '?done=1'])
    expect((await bearerOf(site, browser))?.userId).toBe((await bearerOf(site, owner))?.userId)
  })

  it('makes one account of one person who comes twice at once', async () => {
    stone.person = { sub: 'hasty', email: 'hasty@example.org', email_verified: true }
    const browsers = Array.from({ length: 4 }, () => site.browser())
    const ways: URL[] = []
    for (const browser of browsers) ways.push(await house.way(browser))
    const screens = await Promise.all(browsers.map((browser, at) => browser.open(ways[at] ?? '')))
    expect(screens.map(({ heading }) => heading)).toEqual(Array(4).fill('You are signed in'))
    const owners = await Promise.all(browsers.map(async (browser) => (await bearerOf(site, browser))?.userId))
    expect(new Set(owners).size).toBe(1)
  })

  it('is open to an app by its ID token, under the same rules', async () => {
    stone.person = { sub: 'app-user', email: 'app-user@example.org', email_verified: true }
    const ask = async (variables: Record<string, unknown>) =>
      site.ask(
        'mutation ($input: SignInWithIdTokenInput!) { signInWithIdToken(input: $input) { viewer { email emailVerified } tokens { refreshToken } } }',
        { input: { provider: 'stone', ...variables } },
      )
    const answer = await ask({ idToken: await stone.idToken({ nonce: 'n' }), nonce: 'n' })
    expect(answer.data?.signInWithIdToken).toEqual({
      viewer: { email: 'app-user@example.org', emailVerified: true },
      tokens: { refreshToken: expect.any(String) },
    })
    const codeOf = async (variables: Record<string, unknown>) => (await ask(variables)).errors?.[0]?.extensions?.code
    expect(await codeOf({ idToken: await stone.idToken({ nonce: 'n' }) })).toBe('UNAUTHENTICATED')
    expect(await codeOf({ idToken: await stone.idToken({ aud: 'someone-else' }) })).toBe('UNAUTHENTICATED')
    expect(await codeOf({ idToken: await stone.idToken(), provider: 'brick' })).toBe('BAD_USER_INPUT')
  })

  it('writes no code, token or secret into the log', async () => {
    const browser = site.browser()
    const back = await house.way(browser)
    await browser.open(back)
    await browser.open(back)
    for (const name of ['code', 'state']) expect(site.log.written()).not.toContain(back.searchParams.get(name))
    expect(site.log.written()).not.toContain(stone.configured.clientSecret)
    expect(site.log.written()).not.toContain(browser.cookie(/^ashlar-\d+$/))
  })
})

describe('an OpenID provider that is away', () => {
  it('is said to be, before and after the way there', async () => {
    await using house = await startHouse()
    const { site, stone } = house
    const browser = site.browser()
    const back = await house.way(browser)
    await stone.stop()
    const after = await browser.open(back)
    expect([after.status, after.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
    await using fresh = await startHouse()
    await fresh.stone.stop()
    const before = await fresh.site.browser().open('/sign-in/stone')
    expect([before.status, before.heading]).toEqual([503, 'Not just now'])
    const answer = await fresh.site.ask(
      'mutation { signInWithIdToken(input: { provider: "stone", idToken: "a.b.c" }) { tokens { accessToken } } }',
    )
    expect(answer.errors?.[0]?.extensions?.code).toBe('SUBGRAPH_UNAVAILABLE')
  })
})

describe('where sign-ups are closed', () => {
  it('lets a provider sign in whom it knows, and nobody new', async () => {
    await using house = await startHouse({ env: { SIGN_UPS: 'closed', OWNER_EMAIL: 'owner@example.org', OWNER_PASSWORD: PASSWORD } })
    const { site, stone } = house
    await site.services.ownership.claimUnattended('owner@example.org', PASSWORD)
    stone.person = { sub: 'newcomer', email: 'newcomer@example.org', email_verified: true }
    const browser = site.browser()
    expect([(await house.enter(browser)).status, await bearerOf(site, browser)]).toEqual([403, null])
  })
})

const viewer = async (site: Site, browser: Browser) =>
  (await site.data<{ viewer: unknown }>('{ viewer { email emailVerified } }', {}, await askingOf(site, browser))).viewer
