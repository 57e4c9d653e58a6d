import { launchBrowser, type Page } from '@ashlar/browser/launch-browser'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startTestApp, type TestApp } from './app/test-app.js'

const browser = await launchBrowser()
const describeInBrowser = browser ? describe : describe.skip

/** The page's own behaviour is held in `console/tests`; here it meets the graph itself. */
describeInBrowser('the explorer on a real instance', () => {
  let test: TestApp
  beforeAll(async () => {
    test = await startTestApp({ env: { DEMO: '1' } })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await test.close()
  })

  it.each(['localhost', '127.0.0.1'])('shows data, signs in and stays signed in, opened as %s', async (host) => {
    const context = await browser?.newContext({ viewport: { width: 1280, height: 800 } })
    if (!context) throw new Error('there is no browser')
    context.setDefaultTimeout(15_000)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))

    await page.goto(`http://${host}:${test.app.config.port}/graphql`)
    await operation(page).locator('.view-line').first().waitFor()
    await run(page)
    await expectAnswer(page, '"Nadia Rahimi"')
    await page.locator('.graphiql-plugin').getByText('Mutation', { exact: true }).click()
    await page.locator('.graphiql-plugin').getByText('signIn', { exact: true }).waitFor()

    const account = page.locator('header button.account')
    await account.click()
    const panel = page.getByRole('dialog', { name: 'Your account' })
    await panel.getByLabel('Username or email address').fill('mara')
    await panel.getByLabel('Password').fill('demo-ashlar')
    await panel.locator('button[type=submit]').click()
    await account.getByText('Mara Lindqvist').waitFor()

    await page.getByRole('button', { name: 'CreatePost', exact: true }).click()
    await run(page)
    await expectAnswer(page, '"hello-from-the-explorer"')
    await page.reload()
    await account.getByText('Mara Lindqvist').waitFor()
    await page.getByRole('button', { name: 'Me', exact: true }).click()
    await run(page)
    await expectAnswer(page, '"mara@demo.example"')

    await page.getByRole('button', { name: 'Greetings', exact: true }).click()
    await run(page)
    await expectAnswer(page, '"Hello, you!"')
    await expectAnswer(page, '"number": 5')

    await page.getByRole('button', { name: 'Me', exact: true }).click()
    await account.click()
    await panel.getByRole('button', { name: 'Sign out' }).click()
    await account.getByText('Sign in').waitFor()
    await run(page)
    await expectAnswer(page, '"viewer": null')
    expect(complaints).toEqual([])
    await context.close()
  })
})

const operation = (page: Page) => page.getByLabel('Operation Editor')
const run = (page: Page) => page.locator('.graphiql-execute-button').click()
const expectAnswer = (page: Page, text: string) => page.locator('.result-window').getByText(text).first().waitFor()
