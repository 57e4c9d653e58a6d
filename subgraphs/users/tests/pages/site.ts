import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { type FastifyBaseLogger, fastify } from 'fastify'
import { Secret, TOTP } from 'otpauth'
import { subgraph } from '../../src/index.js'
import type { Services } from '../../src/services.js'
import { type ReadMessage, readMessage } from '../mail/read-message.js'
import { type RecordingLog, recordingLog } from '../recording-log.js'
import { Browser, type Screen } from './browser.js'

/** The pages of an instance, served on loopback. */
export interface Site extends TestSubgraph<Services> {
  readonly address: string
  readonly log: RecordingLog
  browser(): Browser
  /** Waits for the newest mail of a kind, such as `reset-password`, to an address. */
  mail(kind: string, to: string): Promise<ReadMessage>
  /** The link of that mail. */
  link(kind: string, to: string): Promise<URL>
}

export async function startSite(env: Readonly<Record<string, string>> = {}, port?: number): Promise<Site> {
  const listensOn = port ?? (await freePort())
  const log = recordingLog()
  const test = await startTestSubgraph(subgraph, { env: { PORT: String(listensOn), ...env }, log })
  const server = fastify({ loggerInstance: log as FastifyBaseLogger, trustProxy: '127.0.0.1' })
  await server.register(test.subgraph.routes ?? (async () => {}))
  await server.listen({ port: listensOn, host: '127.0.0.1' })
  const address = `http://localhost:${listensOn}`
  let browsers = 0

  const folder = join(test.config.dataDir, 'mail')
  const mail = async (kind: string, to: string): Promise<ReadMessage> => {
    let found: ReadMessage | undefined
    await until(async () => {
      const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(`-${kind}.eml`)).sort()
      const messages = await Promise.all(names.map(async (name) => readMessage(await readFile(join(folder, name), 'latin1'))))
      found = messages.findLast((message) => message.header('to') === to)
      return found !== undefined
    })
    return found as ReadMessage
  }
  const close = async () => {
    server.server.closeAllConnections()
    await server.close()
    await test.close()
  }
  return {
    ...test,
    address,
    log,
    // Each at home somewhere else, so that the limits of an address are a test's own.
    browser() {
      browsers += 1
      return new Browser(address, `198.51.${browsers >> 8}.${browsers & 255}`)
    },
    mail,
    link: async (kind, to) => new URL((await mail(kind, to)).text.match(/https?:\/\/\S+#\S+/)?.[0] ?? ''),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A port that nothing listens on just now; the configuration has to name it before anything does. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Signs somebody up on the page, as a person would. */
export async function signUp(site: Site, username: string, password = 'four plain grey stones'): Promise<Browser> {
  const browser = site.browser()
  const landed = await browser.send(await browser.open('/sign-up'), { username, email: `${username}@example.org`, password })
  if (landed.heading !== 'You are signed in') throw new Error(`the sign-up failed: ${landed.text}`)
  return browser
}

/** Signs in on the page. */
export async function signIn(browser: Browser, login: string, password = 'four plain grey stones') {
  return browser.send(await browser.open('/sign-in'), { login, password })
}

/** Who a browser is signed in as, by its cookie alone. */
export async function bearerOf(site: Site, browser: Browser): Promise<Identity | null> {
  const token = browser.cookie(/^ashlar-\d+$/)
  return token === undefined ? null : site.services.sessions.bearerOf(token)
}

/** Confirms the address of whoever has just signed up, by the mailed link. */
export async function confirmAddress(site: Site, browser: Browser, email: string): Promise<void> {
  await followLink(browser, await site.link('verify-email', email))
}

/** Opens a mailed link as the page's script does, and presses the button. */
export async function followLink(browser: Browser, link: URL, values: Readonly<Record<string, string>> = {}): Promise<Screen> {
  return browser.send(await openLink(browser, link), values)
}

/** As far as the page that names the account. */
export async function openLink(browser: Browser, link: URL): Promise<Screen> {
  return browser.send(await browser.open(link.pathname), { token: link.hash.slice(1) })
}

/** Turns the second factor on, and answers what makes its codes and what recovers from its loss. */
export async function turnOnTotp(
  site: Site,
  browser: Browser,
): Promise<{ readonly totp: TOTP; readonly recoveryCodes: readonly string[] }> {
  const asking = await askingOf(site, browser)
  const { enrollTotp } = await site.data<{ enrollTotp: { secret: string } }>('mutation { enrollTotp { secret } }', {}, asking)
  const totp = new TOTP({ secret: Secret.fromBase32(enrollTotp.secret) })
  const { confirmTotp } = await site.data<{ confirmTotp: { recoveryCodes: string[] } }>(
    'mutation ($code: String!) { confirmTotp(input: { code: $code }) { recoveryCodes } }',
    { code: totp.generate() },
    asking,
  )
  return { totp, recoveryCodes: confirmTotp.recoveryCodes }
}

export async function askingOf(site: Site, browser: Browser): Promise<Asking> {
  return { ...askingAsNobody(), identity: await bearerOf(site, browser) }
}
