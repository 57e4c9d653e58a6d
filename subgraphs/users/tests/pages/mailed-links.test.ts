import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Screen } from './browser.js'
import { askingOf, bearerOf, confirmAddress, followLink, openLink, type Site, signIn, signUp, startSite, turnOnTotp } from './site.js'

const PASSWORD = 'four plain grey stones'
const NEW_PASSWORD = 'five plain grey stones'

describe('what a mailed link opens', () => {
  let site: Site
  beforeAll(async () => {
    site = await startSite()
  })
  afterAll(() => site.close())
  afterEach(() => site.database.shiftClock('users', '0'))

  async function member(username: string): Promise<Browser> {
    const browser = await signUp(site, username)
    await confirmAddress(site, browser, `${username}@example.org`)
    return browser
  }

  async function asked(path: '/request-password-reset' | '/request-sign-in-link', email: string): Promise<Screen> {
    const browser = site.browser()
    return browser.send(await browser.open(path), { email })
  }

  async function resetLink(username: string): Promise<URL> {
    await asked('/request-password-reset', `${username}@example.org`)
    return site.link('reset-password', `${username}@example.org`)
  }

  async function signInLink(username: string): Promise<URL> {
    await asked('/request-sign-in-link', `${username}@example.org`)
    return site.link('sign-in-link', `${username}@example.org`)
  }

  it('is told in the same words to whoever asks for it, whether or not there is an account', async () => {
    await member('asker')
    for (const path of ['/request-password-reset', '/request-sign-in-link'] as const) {
      const [known, unknown] = [await asked(path, 'asker@example.org'), await asked(path, 'nobody@example.org')]
      expect([known.status, unknown.status]).toEqual([200, 200])
      expect(known.text.replaceAll('asker@', 'nobody@')).toBe(unknown.text)
    }
    const bad = await asked('/request-sign-in-link', 'no address')
    expect([bad.status, bad.fault('email') !== null, bad.form().fields.email]).toEqual([400, true, 'no address'])
  })

  it('signs in with a link: names the account first, and acts on the button alone', async () => {
    await member('linda')
    const link = await signInLink('linda')
    expect(link.pathname).toBe('/sign-in-link')
    const scanner = site.browser()
    for (let times = 0; times < 3; times += 1) {
      const named = await openLink(scanner, link)
      expect(named.text).toContain('linda')
      expect(await bearerOf(site, scanner)).toBeNull()
    }
    const browser = site.browser()
    const named = await openLink(browser, link)
    expect([named.status, named.text.includes('Sign in as linda')]).toEqual([200, true])
    expect((await browser.send(named)).heading).toBe('You are signed in')
    expect(await bearerOf(site, browser)).toMatchObject({ credential: 'session' })
    expect((await openLink(site.browser(), link)).status).toBe(410)
    expect((await site.browser().send(named)).status).toBe(403)
  })

  it('sets a new password, which ends every session, and signs in', async () => {
    const before = await member('petra')
    const link = await resetLink('petra')
    const browser = site.browser()
    const named = await openLink(browser, link)
    expect(named.text).toContain('petra')
    expect(named.html).toMatch(/<input type="text" autocomplete="username" value="petra" readonly hidden/)
    const weak = await browser.send(named, { newPassword: 'password' })
    expect([weak.status, weak.fault('newPassword') !== null, weak.html.includes('value="password"')]).toEqual([400, true, false])
    expect((await browser.send(weak, { newPassword: NEW_PASSWORD })).heading).toBe('You are signed in')
    expect(await bearerOf(site, browser)).not.toBeNull()
    expect(await bearerOf(site, before)).toBeNull()
    expect((await signIn(site.browser(), 'petra', PASSWORD)).status).toBe(401)
    expect((await signIn(site.browser(), 'petra', NEW_PASSWORD)).heading).toBe('You are signed in')
    expect((await openLink(site.browser(), link)).status).toBe(410)
  })

  it('confirms an address, from any browser, without signing anybody in', async () => {
    const owner = await signUp(site, 'vera')
    const link = await site.link('verify-email', 'vera@example.org')
    const browser = site.browser()
    const named = await openLink(browser, link)
    expect(named.text).toContain('vera')
    expect(await verified(owner)).toBe(false)
    expect((await browser.send(named)).heading).toBe('Your address is confirmed')
    expect([await verified(owner), await bearerOf(site, browser)]).toEqual([true, null])
    expect((await openLink(browser, link)).status).toBe(410)
  })

  it('asks for the second factor after a link and after a new password, and keeps the link good until then', async () => {
    const { recoveryCodes } = await turnOnTotp(site, await member('tilda'))
    const browser = site.browser()
    const asksLink = await followLink(browser, await signInLink('tilda'))
    expect([asksLink.status, await bearerOf(site, browser)]).toEqual([401, null])
    expect((await browser.send(asksLink, { totpCode: recoveryCodes[0] ?? '' })).heading).toBe('You are signed in')

    const other = site.browser()
    const asksReset = await followLink(other, await resetLink('tilda'), { newPassword: NEW_PASSWORD })
    expect([asksReset.status, asksReset.html.includes(NEW_PASSWORD), await bearerOf(site, other)]).toEqual([401, false, null])
    expect((await other.send(asksReset, { totpCode: 'AAAA-AAAA' })).status).toBe(401)
    expect((await other.send(asksReset, { totpCode: recoveryCodes[1] ?? '' })).heading).toBe('You are signed in')
    expect((await signIn(site.browser(), 'tilda', NEW_PASSWORD)).html).toContain('one-time-code')
  })

  it('takes a link that was pasted whole, for browsers without scripts', async () => {
    await member('paula')
    const link = await signInLink('paula')
    const browser = site.browser()
    const named = await browser.send(await browser.open('/sign-in-link'), { token: ` ${link.href} ` })
    expect(named.text).toContain('Sign in as paula')
  })

  it('is worth nothing when it is too old, replaced by a newer one, or of another kind', async () => {
    await member('olga')
    const older = await signInLink('olga')
    const newer = await newerLink('olga', older)
    expect((await openLink(site.browser(), older)).status).toBe(410)
    expect((await openLink(site.browser(), new URL(newer.href.replace('sign-in-link', 'reset-password')))).status).toBe(410)
    expect((await openLink(site.browser(), newer)).status).toBe(200)
    await site.database.shiftClock('users', '16 minutes')
    expect((await openLink(site.browser(), newer)).status).toBe(410)
    for (const token of ['', 'x', 'x'.repeat(10_000), '\u0000']) {
      const browser = site.browser()
      expect((await browser.send(await browser.open('/sign-in-link'), { token })).status).toBe(410)
    }
  })

  it('leaves its token in no address, cookie or log line', async () => {
    await member('lea')
    const link = await resetLink('lea')
    const token = link.hash.slice(1)
    const browser = site.browser()
    await followLink(browser, link, { newPassword: NEW_PASSWORD })
    expect(browser.visited.join('\n')).not.toContain(token)
    expect(browser.setCookies.join('\n')).not.toContain(token)
    for (const secret of [token, PASSWORD, NEW_PASSWORD, browser.cookie(/^ashlar-\d+$/) ?? 'none'])
      expect(site.log.written()).not.toContain(secret)
  })

  const verified = async (browser: Browser) =>
    (await site.data<{ viewer: { emailVerified: boolean } }>('{ viewer { emailVerified } }', {}, await askingOf(site, browser))).viewer
      .emailVerified

  async function newerLink(username: string, { href }: URL): Promise<URL> {
    await asked('/request-sign-in-link', `${username}@example.org`)
    const link = () => site.link('sign-in-link', `${username}@example.org`)
    await until(async () => (await link()).href !== href)
    return link()
  }
})

describe("the owner's link", () => {
  it('makes the first account, once, with all that the owner may do', async () => {
    await using site = await startSite()
    const link = new URL((await site.services.ownership.link()) ?? '')
    expect(link.pathname).toBe('/claim-ownership')
    const browser = site.browser()
    const form = await openLink(browser, link)
    const bad = await browser.send(form, { username: 'x', email: 'owner@example.org', password: PASSWORD })
    expect([bad.status, bad.fault('username') !== null, bad.form().fields.email]).toEqual([400, true, 'owner@example.org'])
    const landed = await browser.send(bad, { username: 'owner', password: PASSWORD })
    expect(landed.heading).toBe('You are signed in')
    expect(await bearerOf(site, browser)).toMatchObject({
      role: 'ADMIN',
      credential: 'session',
      scopes: expect.arrayContaining(['users:admin']),
    })
    expect((await openLink(site.browser(), link)).status).toBe(410)
    expect(await site.services.ownership.link()).toBeNull()
    expect(site.log.written()).not.toContain(link.hash.slice(1))
  })

  it('is good for a day', async () => {
    await using site = await startSite()
    const link = new URL((await site.services.ownership.link()) ?? '')
    await site.database.shiftClock('users', '25 hours')
    expect((await openLink(site.browser(), link)).status).toBe(410)
  })

  it('makes one owner, of two who press the button at once', async () => {
    await using site = await startSite()
    const link = new URL((await site.services.ownership.link()) ?? '')
    const opened = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const browser = site.browser()
        return { name, browser, form: await openLink(browser, link) }
      }),
    )
    const claims = opened.map(({ name, browser, form }) =>
      browser.send(form, { username: `owner_${name}`, email: `${name}@example.org`, password: PASSWORD }),
    )
    const headings = (await Promise.all(claims)).map(({ heading }) => heading)
    expect(headings.filter((heading) => heading === 'You are signed in')).toHaveLength(1)
  })
})
