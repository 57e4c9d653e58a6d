import { type Browser, type BrowserContext, launchBrowser, type Page } from '@ashlar/browser/launch-browser'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { startStubGraph } from './stub-graph.js'

const browser = await launchBrowser()
const describeInBrowser = browser ? describe : describe.skip

type Stub = Awaited<ReturnType<typeof startStubGraph>>

describeInBrowser('the explorer', () => {
  const { newContext } = contextsOf(browser)
  let stub: Stub
  beforeAll(async () => {
    stub = await startStubGraph()
  })
  afterAll(() => stub.app.close())
  beforeEach(() => {
    stub.settings.accessTokenSeconds = 900
    stub.settings.confirmEmail = false
    stub.settings.rateLimited = false
  })

  const open = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage()
    await page.goto(`${stub.url}/graphql`)
    await operation(page).locator('.view-line').first().waitFor()
    return page
  }
  const operation = (page: Page) => page.getByLabel('Operation Editor')
  const answer = (page: Page) => page.locator('.result-window')
  const run = (page: Page) => page.locator('.graphiql-execute-button').click()
  const account = (page: Page) => page.locator('header button.account')
  const panel = (page: Page) => page.getByRole('dialog', { name: 'Your account' })
  const expectText = (locator: ReturnType<typeof answer>, text: string) => locator.getByText(text).first().waitFor()

  async function signIn(page: Page, login: string, password: string) {
    await account(page).click()
    await panel(page).getByLabel('Username or email address').fill(login)
    await panel(page).getByLabel('Password').fill(password)
    await panel(page).locator('button[type=submit]').click()
  }

  it.each([
    { width: 1280, height: 800, colorScheme: 'light' as const },
    { width: 390, height: 844, colorScheme: 'dark' as const },
  ])('stands without a complaint of the browser at $width × $height, $colorScheme', async ({ width, height, colorScheme }) => {
    await using context = await newContext({ viewport: { width, height }, colorScheme })
    const page = await context.newPage()
    const complaints: string[] = []
    const hosts = new Set<string>()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => hosts.add(new URL(request.url()).origin))
    await page.goto(`${stub.url}/graphql`)
    await operation(page).locator('.view-line').first().waitFor()
    await run(page)
    await expectText(answer(page), '"Notes on the analytical')
    // The editor's workers have to have come as well: they are what completes and checks.
    await operation(page).locator('.view-line').first().click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('query Wrong { nothingOfTheKind }')
    await operation(page).locator('.squiggly-error').first().waitFor()
    expect(complaints).toEqual([])
    expect([...hosts].filter((host) => host !== stub.url && host !== 'null')).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
  })

  it('shows data at the first press, and the documentation beside it', async () => {
    await using context = await newContext()
    const page = await open(context)
    await run(page)
    await expectText(answer(page), '"Hello, you!"')
    await expectText(answer(page), '"Ada Lovelace"')
    await page.locator('.graphiql-plugin').getByText('Query', { exact: true }).click()
    await page.locator('.graphiql-plugin').getByText('Published posts, newest first.').waitFor()
  })

  it('runs from the keyboard alone', async () => {
    await using context = await newContext()
    const page = await open(context)
    await operation(page).locator('.view-line').first().click()
    await page.keyboard.press('Control+Enter')
    await expectText(answer(page), '"Hello, you!"')
    await account(page).focus()
    await page.keyboard.press('Enter')
    await panel(page).locator('input:focus').waitFor()
    await page.keyboard.type('ada')
    await page.keyboard.press('Tab')
    await page.keyboard.type('analytical engine')
    await page.keyboard.press('Enter')
    await account(page).getByText('Ada Lovelace').waitFor()
    await page.keyboard.press('Enter')
    await panel(page).getByText('@ada').waitFor()
    await page.keyboard.press('Escape')
    await panel(page).waitFor({ state: 'hidden' })
  })

  it('changes sides with the system at once, editors and all', async () => {
    await using context = await newContext({ colorScheme: 'light' })
    const page = await open(context)
    await operation(page).locator('.monaco-editor.vs').waitFor()
    await page.emulateMedia({ colorScheme: 'dark' })
    await operation(page).locator('.monaco-editor.vs-dark').waitFor()
  })

  it('has ready operations in further tabs', async () => {
    await using context = await newContext()
    const page = await open(context)
    for (const name of ['SignIn', 'CreatePost', 'Me']) {
      await page.getByRole('button', { name, exact: true }).click()
      await operation(page).getByText(name).first().waitFor()
    }
    await run(page)
    await expectText(answer(page), '"viewer": null')
  })

  it('signs in, runs operations as that person, and is still signed in after a reload', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'analytical engine')
    await account(page).getByText('Ada Lovelace').waitFor()
    await page.getByRole('button', { name: 'Me', exact: true }).click()
    await run(page)
    await expectText(answer(page), '"ada@example.com"')
    await page.reload()
    await account(page).getByText('Ada Lovelace').waitFor()
    await run(page)
    await expectText(answer(page), '"ada@example.com"')
  })

  it('leaves no token and no password where a script could read it later', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'analytical engine')
    await account(page).getByText('Ada Lovelace').waitFor()
    await page.getByRole('button', { name: 'SignIn', exact: true }).click()
    await operation(page).getByText('login').first().waitFor()
    await operation(page).locator('.view-line').first().click()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('mutation SignIn { signIn(input: { login: "ada", password: "analytical engine" }) { tokens { refreshToken } }')
    await run(page)
    await expectText(answer(page), '"refreshToken"')
    const stored = () => page.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie') as Promise<string>
    await expect(until(stored, (text) => text.includes('login: \\\\\\"ada'))).resolves.not.toMatch(/analytical|ashlar-test/)
  })

  it('asks for the second factor when it is wanted', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'grace', 'nanoseconds')
    await panel(page).getByLabel('Second factor').fill('000000')
    await page.keyboard.press('Enter')
    await panel(page).getByText('This code is not right').waitFor()
    await panel(page).getByLabel('Second factor').fill('123 456')
    await page.keyboard.press('Enter')
    await account(page).getByText('Grace Hopper').waitFor()
  })

  it('says in words what is wrong', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'wrong')
    await panel(page).getByText('no account with this name and password').waitFor()
    stub.settings.rateLimited = true
    await page.keyboard.press('Enter')
    await panel(page).getByText('Try again in 40 seconds').waitFor()
    await page.route('**/graphql', (route) => route.abort())
    await page.keyboard.press('Enter')
    await panel(page).getByText('can’t be reached').waitFor()
  })

  it('creates accounts, and says where one has to be confirmed first', async () => {
    await using context = await newContext()
    const page = await open(context)
    const signUp = async (username: string, password = 'a good long one') => {
      await panel(page).getByLabel('Username').fill(username)
      await panel(page).getByLabel('Email address').fill(`${username}@example.com`)
      await panel(page).getByLabel('Password').fill(password)
      await panel(page).locator('button[type=submit]').click()
    }
    await account(page).click()
    await panel(page).getByRole('button', { name: 'Sign up' }).click()
    await signUp('edsger', '12345678')
    await panel(page).getByText('It is one that many people use').waitFor()
    await signUp('ada')
    await panel(page).getByText('This name is taken.').waitFor()
    await signUp('edsger')
    await account(page).getByText('edsger').waitFor()
    await account(page).click()
    await panel(page).getByRole('button', { name: 'Sign out' }).click()
    await account(page).getByText('Sign in').waitFor()
    stub.settings.confirmEmail = true
    await account(page).click()
    await panel(page).getByRole('button', { name: 'Sign up' }).click()
    await signUp('barbara')
    await panel(page).getByText('A mail is on its way').waitFor()
  })

  it('renews a token that the server no longer takes, and runs the operation then', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'analytical engine')
    await account(page).getByText('Ada Lovelace').waitFor()
    stub.endAccessTokens()
    await page.getByRole('button', { name: 'Me', exact: true }).click()
    await run(page)
    await expectText(answer(page), '"ada@example.com"')
  })

  it('renews before a token expires', async () => {
    stub.settings.accessTokenSeconds = 20
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'analytical engine')
    await account(page).getByText('Ada Lovelace').waitFor()
    const renewal = page.waitForRequest((request) => request.postData()?.includes('mutation RefreshSession') === true)
    await run(page)
    await renewal
    await expectText(answer(page), '"Hello, you!"')
  })

  it('signs out in every tab at once', async () => {
    await using context = await newContext()
    const page = await open(context)
    await signIn(page, 'ada', 'analytical engine')
    await account(page).getByText('Ada Lovelace').waitFor()
    const other = await open(context)
    await account(other).getByText('Ada Lovelace').waitFor()
    await account(page).click()
    await panel(page).getByRole('button', { name: 'Sign out' }).click()
    await account(page).getByText('Sign in').waitFor()
    await account(other).getByText('Sign in').waitFor()
    await other.reload()
    await account(other).getByText('Sign in').waitFor()
  })

  it('offers Apollo Sandbox only as a link that leaves', async () => {
    await using context = await newContext()
    const page = await open(context)
    const link = page.getByRole('link', { name: 'Sandbox' })
    const endpoint = encodeURIComponent(`${stub.url}/graphql`)
    expect(await link.getAttribute('href')).toBe(`https://studio.apollographql.com/sandbox/explorer?endpoint=${endpoint}`)
    expect(await link.getAttribute('rel')).toContain('noopener')
    expect(await link.getAttribute('target')).toBe('_blank')
  })
})

function contextsOf(running: Browser | null) {
  afterAll(() => running?.close())
  return {
    async newContext(options: { viewport?: { width: number; height: number }; colorScheme?: 'light' | 'dark' } = {}) {
      if (!running) throw new Error('there is no browser')
      const context = await running.newContext({ viewport: { width: 1280, height: 800 }, ...options })
      context.setDefaultTimeout(10_000)
      return Object.assign(context, { [Symbol.asyncDispose]: () => context.close() })
    },
  }
}

/** Asks until the answer is one that is waited for; the test's own time limit ends it otherwise. */
async function until<T>(ask: () => Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask()
    if (done(value)) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
