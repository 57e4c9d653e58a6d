import { type BrowserContext, launchBrowser, type Page } from '@ashlar/browser/launch-browser'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type House, startHouse } from '../openid/house.js'
import { confirmAddress, type Site, signUp } from './site.js'

const PASSWORD = 'four plain grey stones'

const chromium = await launchBrowser()
const describeInBrowser = chromium ? describe : describe.skip

describeInBrowser('the pages in a real browser', () => {
  let house: House
  let site: Site
  let context: BrowserContext | undefined
  /** What the browser itself complains of: blocked styles and scripts among it. */
  const complaints: string[] = []
  const requests: { readonly url: string; readonly referrer: string | undefined }[] = []

  beforeAll(async () => {
    house = await startHouse()
    site = house.site
  })
  afterEach(async () => {
    await context?.close()
    context = undefined
    complaints.length = 0
    requests.length = 0
  })
  afterAll(async () => {
    await chromium?.close()
    await house.close()
  })

  async function open(path: string, options: { readonly javaScriptEnabled?: boolean } = {}): Promise<Page> {
    if (!chromium) throw new Error('there is no browser')
    context = await chromium.newContext({ baseURL: site.address, ...options })
    const page = await context.newPage()
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => complaints.push(message.text()))
    page.on('request', (request) => requests.push({ url: request.url(), referrer: request.headers().referer }))
    await page.goto(path)
    return page
  }

  const headingOf = (page: Page) => page.locator('h1').textContent()
  const atHeading = (page: Page, heading: string) => page.getByRole('heading', { name: heading, exact: true }).waitFor()

  it('sign up, out and in again, by the labels that a person reads, without scripts', async () => {
    const page = await open('/sign-in', { javaScriptEnabled: false })
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.getByLabel('Username').fill('clara')
    await page.getByLabel('E-mail address').fill('clara@example.org')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Create the account' }).click()
    await atHeading(page, 'You are signed in')
    await page.getByRole('button', { name: 'Sign out' }).click()
    await atHeading(page, 'Sign in')
    await page.getByLabel('Username or e-mail address').fill('clara')
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await atHeading(page, 'You are signed in')
    expect(complaints).toEqual([])
    expect(await context?.cookies()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: expect.stringMatching(/^ashlar-\d+$/), httpOnly: true, sameSite: 'Strict' }),
      ]),
    )
  })

  it('open a mailed link: the token leaves the address at once and is in no other one, and only the button spends it', async () => {
    await confirmAddress(site, await signUp(site, 'mona'), 'mona@example.org')
    const asking = site.browser()
    await asking.send(await asking.open('/request-sign-in-link'), { email: 'mona@example.org' })
    const link = await site.link('sign-in-link', 'mona@example.org')
    const token = link.hash.slice(1)
    const page = await open(link.href)
    const button = page.getByRole('button', { name: 'Sign in as mona' })
    await button.waitFor()
    expect(page.url()).toBe(`${site.address}/sign-in-link`)
    expect(await context?.cookies().then((cookies) => cookies.map(({ name }) => name))).not.toContainEqual(
      expect.stringMatching(/^ashlar-\d+$/),
    )
    expect(await site.services.signInLinks.peek(token)).not.toBeNull()
    await button.click()
    await atHeading(page, 'You are signed in')
    expect(await site.services.signInLinks.peek(token)).toBeNull()
    // The address bar's own request names the fragment to this listener, but never to the server.
    const sent = requests.filter(({ url }) => url !== link.href)
    for (const { url, referrer } of sent) expect([url.includes(token), referrer || null]).toEqual([false, null])
    expect(site.log.written()).not.toContain(token)
    expect(complaints).toEqual([])
  })

  it('open a link that is pasted into the page that is open already', async () => {
    await confirmAddress(site, await signUp(site, 'nina'), 'nina@example.org')
    const asking = site.browser()
    await asking.send(await asking.open('/request-password-reset'), { email: 'nina@example.org' })
    const link = await site.link('reset-password', 'nina@example.org')
    const page = await open('/reset-password')
    await page.getByLabel('The link').waitFor()
    await page.evaluate(`location.hash = ${JSON.stringify(link.hash)}`)
    await page.getByLabel('New password').waitFor()
    expect(page.url()).toBe(`${site.address}/reset-password`)
    expect(await page.textContent('main')).toContain('nina')
  })

  it('come back from an OpenID provider signed in, with the strict cookie that a redirect would keep back', async () => {
    house.stone.person = { sub: 'olive', email: 'olive@example.org', email_verified: true, name: 'Olive' }
    const page = await open('/sign-in')
    await page.getByRole('link', { name: 'Continue with Stone' }).click()
    await page.getByRole('button', { name: 'Enter' }).click()
    await atHeading(page, 'You are signed in')
    await page.getByText('olive@example.org').waitFor()
    expect(page.url()).toBe(`${site.address}/sign-in`)
    // The step in between, whose address has the code, is not gone back to.
    await page.goBack()
    expect(page.url()).not.toContain('code=')
    expect(complaints).toEqual([])
  })

  it('refuse a form that another site sends, with the cookies of whoever is tricked', async () => {
    const page = await open('/sign-in')
    const evil = house.stone.configured.issuer.href
    await page.route(`${evil}trap`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${site.address}/sign-in"><input name="login" value="x"><input name="password" value="y"><button>Win</button></form>`,
      }),
    )
    await page.goto(`${evil}trap`)
    await page.getByRole('button', { name: 'Win' }).click()
    await atHeading(page, 'Please try again')
    expect(await headingOf(page)).toBe('Please try again')
  })

  it('are framed by nobody', async () => {
    const page = await open('/sign-in')
    const evil = house.stone.configured.issuer.href
    await page.route(`${evil}frame`, (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${site.address}/sign-in"></iframe>` }),
    )
    await page.goto(`${evil}frame`)
    await until(() => page.frames()[1]?.url() === 'chrome-error://chromewebdata/')
    expect(requests.filter(({ url }) => url === `${site.address}/sign-in`)).toHaveLength(2)
  })

  it.each([320, 390, 1_280])('fit a window %i px wide, in the dark as well', async (width) => {
    const page = await open('/sign-up')
    await page.setViewportSize({ width, height: 700 })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
  })
})
