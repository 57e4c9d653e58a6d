import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { askingOf, bearerOf, confirmAddress, followLink, type Site, signIn, signUp, startSite, turnOnTotp } from './site.js'

const PASSWORD = 'four plain grey stones'
const REFRESH = 'mutation { refreshSession(input: {}) { tokens { accessToken refreshToken } viewer { scopes user { username } } } }'

describe('signing up and in on the pages', () => {
  let site: Site
  beforeAll(async () => {
    site = await startSite({ SIGN_UPS: 'guests' })
  })
  afterAll(() => site.close())
  afterEach(() => site.database.shiftClock('users', '0'))

  it('makes an account and a full session in the cookie, which the graph then takes', async () => {
    const browser = await signUp(site, 'ada')
    expect(await bearerOf(site, browser)).toMatchObject({ role: 'USER', credential: 'session', scopes: ['own'] })
    const [cookie = ''] = browser.setCookies.filter((each) => /^ashlar-\d+=/.test(each))
    expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Expires=/)
    const asking = await askingOf(site, site.browser())
    const refreshCookie = browser.cookie(/^ashlar-\d+$/) ?? null
    const answer = await site.data<{ refreshSession: unknown }>(
      REFRESH,
      {},
      { ...asking, request: { ...asking.request, cookieMode: true, refreshCookie } },
    )
    expect(answer.refreshSession).toEqual({
      tokens: { accessToken: expect.any(String), refreshToken: null },
      viewer: { scopes: ['own'], user: { username: 'ada' } },
    })
  })

  it('says which fields can not be, all of them, and keeps the others', async () => {
    const browser = site.browser()
    const screen = await browser.send(await browser.open('/sign-up'), {
      username: 'a b',
      displayName: 'Ada',
      email: 'ada@new.example',
      password: 'password',
    })
    expect(screen.status).toBe(400)
    for (const name of ['username', 'password']) expect(screen.fault(name)).not.toBeNull()
    expect(screen.fault('email')).toBeNull()
    expect(screen.form().fields).toMatchObject({ username: 'a b', displayName: 'Ada', email: 'ada@new.example', password: '' })
    expect(screen.html).toMatch(/<input id="username"[^>]* aria-invalid="true" aria-describedby="username-fault"/)
  })

  it('says that a name is taken', async () => {
    await signUp(site, 'taken')
    const browser = site.browser()
    const screen = await browser.send(await browser.open('/sign-up'), { username: 'TAKEN', email: 'x@example.org', password: PASSWORD })
    expect([screen.status, screen.fault('username') !== null]).toEqual([409, true])
    expect(await bearerOf(site, browser)).toBeNull()
  })

  it('makes one account of a form that was sent twice', async () => {
    const browser = site.browser()
    const form = await browser.open('/sign-up')
    const values = { username: 'hasty', email: 'hasty@example.org', password: PASSWORD }
    const screens = await Promise.all([browser.send(form, values), browser.send(form, values)])
    expect(screens.map(({ heading }) => heading)).toEqual(['You are signed in', 'You are signed in'])
  })

  it('signs in by name or address, and goes where the person wanted to', async () => {
    await signUp(site, 'grace')
    for (const login of ['grace', 'GRACE', 'grace@example.org']) {
      const browser = site.browser()
      const form = await browser.open('/sign-in?return=/graphql')
      const screen = await browser.send(form, { login, password: PASSWORD }, '/sign-in', { follow: false })
      expect([screen.status, screen.headers.get('location')]).toEqual([303, '/graphql'])
      expect(await bearerOf(site, browser)).toMatchObject({ credential: 'session' })
    }
  })

  it('keeps where the person wanted to go from one page to the next', async () => {
    const { html } = await site.browser().open('/sign-in?return=/graphql')
    expect(html).toContain('href="/sign-up?return=%2Fgraphql"')
  })

  it('answers the same for an unknown account and a wrong password, and keeps the name but not the password', async () => {
    await signUp(site, 'known')
    const screens = await Promise.all(['known', 'unknown'].map((login) => signIn(site.browser(), login, 'not this one')))
    for (const screen of screens) {
      expect(screen.status).toBe(401)
      expect(screen.html).not.toContain('not this one')
    }
    const [known, unknown] = screens
    expect(known?.form().fields.login).toBe('known')
    expect(known?.text).toBe(unknown?.text)
  })

  it('shows who is signed in, and signs out at the press of a button', async () => {
    const browser = await signUp(site, 'leaving')
    const landed = await browser.open('/sign-in')
    expect(landed.text).toContain('leaving@example.org')
    const token = browser.cookie(/^ashlar-\d+$/) ?? ''
    const left = await browser.send(landed, {}, '/sign-out')
    expect(left.heading).toBe('Sign in')
    expect(browser.cookie(/^ashlar-\d+$/)).toBeUndefined()
    expect(await site.services.sessions.bearerOf(token)).toBeNull()
  })

  it('ends the session that the browser had before', async () => {
    await signUp(site, 'second')
    const browser = await signUp(site, 'first')
    const before = browser.cookie(/^ashlar-\d+$/) ?? ''
    const form = (await site.browser().open('/sign-in')).form('/sign-in')
    const own = (await browser.open('/sign-up')).form('/sign-up').fields.form ?? ''
    await browser.post(
      '/sign-in',
      { ...form.fields, form: own, login: 'second', password: PASSWORD },
      { headers: { 'sec-fetch-site': 'same-origin' } },
    )
    expect(await site.services.sessions.bearerOf(before)).toBeNull()
    expect(await bearerOf(site, browser)).not.toBeNull()
  })

  it("takes an app's session in the cookie for nobody, and still ends it", async () => {
    const browser = await signUp(site, 'appy')
    const asking = await askingOf(site, site.browser())
    const app = {
      ...asking,
      request: { ...asking.request, cookieMode: true, origin: 'http://localhost:1' },
      reply: {} as typeof asking.reply,
    }
    await site.data(
      'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { userId: emailVerified } } }',
      { input: { login: 'appy', password: PASSWORD } },
      app,
    )
    const token = app.reply.refreshCookie?.value ?? ''
    expect(await site.services.sessions.bearerOf(token)).toMatchObject({ credential: 'app' })
    const landed = await browser.open('/sign-in')
    browser.keepSession(token)
    expect((await browser.open('/sign-in')).heading).toBe('Sign in')
    await browser.send(landed, {}, '/sign-out')
    expect(await site.services.sessions.bearerOf(token)).toBeNull()
  })

  it('turns a guest into an account, in the same session', async () => {
    const browser = site.browser()
    await browser.open('/sign-up')
    const asking = await askingOf(site, site.browser())
    const request = { ...asking.request, cookieMode: true }
    const reply: typeof asking.reply = {}
    await site.data(
      'mutation { signInAsGuest(input: { displayName: "Passer-by" }) { viewer { userId: emailVerified } } }',
      {},
      { ...asking, request, reply },
    )
    browser.keepSession(reply.refreshCookie?.value ?? '')
    const guest = await bearerOf(site, browser)
    expect(guest).toMatchObject({ role: 'GUEST' })
    const landed = await browser.send(await browser.open('/sign-up'), {
      username: 'settled',
      email: 'settled@example.org',
      password: PASSWORD,
    })
    expect(landed.text).toContain('settled@example.org')
    expect(await bearerOf(site, browser)).toMatchObject({ role: 'USER', userId: guest?.userId, credentialId: guest?.credentialId })
  })

  it('says how long to wait after too many attempts', async () => {
    const browser = site.browser()
    for (let tries = 0, status = 0; status !== 429; tries += 1) {
      expect(tries).toBeLessThan(30)
      const screen = await signIn(browser, 'guessed', `guess ${tries}`)
      status = screen.status
      if (status === 429) expect(Number(screen.headers.get('retry-after'))).toBeGreaterThan(0)
      else expect(status).toBe(401)
    }
  })
})

describe('the second factor on the pages', () => {
  let site: Site
  beforeAll(async () => {
    site = await startSite()
  })
  afterAll(() => site.close())
  afterEach(() => site.database.shiftClock('users', '0'))

  it('is asked for in a step of its own, where the password need not be typed again', async () => {
    const { login, totp } = await careful('tess')
    const browser = site.browser()
    const asked = await browser.send(await browser.open('/sign-in?return=/graphql'), { login, password: PASSWORD }, '/sign-in')
    expect([asked.status, await bearerOf(site, browser)]).toEqual([401, null])
    expect(asked.html).toContain('autocomplete="one-time-code"')
    expect(asked.html).not.toContain(PASSWORD)
    const wrong = await browser.send(asked, { totpCode: '000000' })
    expect([wrong.status, wrong.text.includes('not right')]).toEqual([401, true])
    await site.database.shiftClock('users', '31 seconds')
    const entered = await browser.send(wrong, { totpCode: totp.generate({ timestamp: Date.now() + 31_000 }) }, undefined, { follow: false })
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/graphql'])
    expect(await bearerOf(site, browser)).toMatchObject({ credential: 'session' })
  })

  it('takes a recovery code', async () => {
    const { login, recoveryCodes } = await careful('rory')
    const browser = site.browser()
    const asked = await signIn(browser, login)
    const [code = ''] = recoveryCodes
    expect((await browser.send(asked, { totpCode: ` ${code} ` })).heading).toBe('You are signed in')
  })

  it('waits ten minutes, and for this browser alone', async () => {
    const { login, recoveryCodes } = await careful('late')
    const browser = site.browser()
    const asked = await signIn(browser, login)
    const other = site.browser()
    const form = (await other.open('/sign-in')).form('/sign-in')
    const stolen = { form: form.fields.form ?? '', entry: asked.form().fields.entry ?? '', totpCode: recoveryCodes[0] ?? '' }
    expect((await other.post('/second-factor', stolen, { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(401)
    expect(await bearerOf(site, other)).toBeNull()
    await site.database.shiftClock('users', '11 minutes')
    expect((await browser.send(asked, { totpCode: recoveryCodes[0] ?? '' })).status).toBe(401)
    expect(await bearerOf(site, browser)).toBeNull()
  })

  it('holds nothing that was tampered with', async () => {
    const { login, recoveryCodes } = await careful('tamper')
    const browser = site.browser()
    const asked = await signIn(browser, login)
    const entry = asked.form().fields.entry ?? ''
    for (const forged of ['', 'x', entry.slice(1), `${entry.slice(0, -2)}AA`]) {
      expect((await browser.send(asked, { entry: forged, totpCode: recoveryCodes[0] ?? '' })).status).toBe(401)
    }
    expect(await bearerOf(site, browser)).toBeNull()
  })

  async function careful(login: string) {
    const browser = await signUp(site, login)
    await confirmAddress(site, browser, `${login}@example.org`)
    return { login, ...(await turnOnTotp(site, browser)) }
  }
})

describe('at a public address', () => {
  it('keeps its cookies to itself and to secure connections', async () => {
    await using site = await startSite({ PUBLIC_URL: 'https://stones.example' })
    const browser = await signUp(site, 'ada')
    const [form = '', session = ''] = browser.setCookies
    expect(form).toMatch(/^__Host-ashlar-form=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(session).toMatch(/^__Host-ashlar=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure; Expires=/)
    expect((await site.link('verify-email', 'ada@example.org')).origin).toBe('https://stones.example')
  })
})

describe('where sign-ups are closed', () => {
  it('says so, on the page and to whoever sends the form all the same', async () => {
    await using site = await startSite({ SIGN_UPS: 'closed' })
    const browser = site.browser()
    expect((await browser.open('/sign-in')).html).not.toContain('/sign-up')
    expect((await browser.open('/sign-up')).status).toBe(403)
    const form = (await browser.open('/sign-in')).form('/sign-in')
    const values = { username: 'uninvited', email: 'uninvited@example.org', password: PASSWORD }
    expect((await browser.post('/sign-up', { ...form.fields, ...values }, { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(
      403,
    )
  })
})

describe('where addresses are confirmed first', () => {
  let site: Site
  beforeAll(async () => {
    site = await startSite({ CONFIRM_EMAIL: '1' })
  })
  afterAll(() => site.close())

  it('makes the account with the mailed link', async () => {
    const browser = site.browser()
    const values = { username: 'wanda', email: 'wanda@example.org', password: PASSWORD }
    const told = await browser.send(await browser.open('/sign-up'), values)
    expect([told.status, told.text.includes('wanda@example.org'), await bearerOf(site, browser)]).toEqual([200, true, null])
    expect((await signIn(site.browser(), 'wanda')).status).toBe(401)
    expect((await followLink(site.browser(), await site.link('verify-email', 'wanda@example.org'))).status).toBe(200)
    expect((await signIn(browser, 'wanda')).heading).toBe('You are signed in')
  })

  it('says the same of a taken address, whose owner gets a mail', async () => {
    const [first, second] = ['owner', 'other'].map((username) => ({ username, email: 'shared@example.org', password: PASSWORD }))
    const browser = site.browser()
    const free = await browser.send(await browser.open('/sign-up'), first)
    await followLink(site.browser(), await site.link('verify-email', 'shared@example.org'))
    const taken = await browser.send(await browser.open('/sign-up'), second)
    expect([taken.status, taken.text]).toEqual([free.status, free.text])
    expect((await site.mail('address-taken', 'shared@example.org')).text).toContain('the account owner')
  })
})
