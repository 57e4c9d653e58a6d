import type { Browser, Screen } from '../pages/browser.js'
import { freePort, type Site, startSite } from '../pages/site.js'
import { startProvider, type TestProvider } from './provider.js'

/** An instance and a provider that know each other. */
export interface House extends AsyncDisposable {
  readonly site: Site
  readonly stone: TestProvider
  /** To the provider, through it and back. */
  enter(browser: Browser, start?: string): Promise<Screen>
  /** To the provider and through it; the address of the way back, which is not taken yet. */
  way(browser: Browser): Promise<URL>
  /** The same from the provider's own page on. */
  back(browser: Browser, atProvider: Screen): Promise<URL>
  close(): Promise<void>
}

export interface HouseOptions {
  readonly claimsInIdToken?: boolean
  readonly env?: Readonly<Record<string, string>>
}

export async function startHouse({ env = {}, ...provider }: HouseOptions = {}): Promise<House> {
  const port = await freePort()
  const stone = await startProvider(`http://localhost:${port}/sign-in/stone/callback`, provider)
  const { issuer, clientId, clientSecret } = stone.configured
  const site = await startSite(
    { OPENID_STONE_ISSUER: issuer.href, OPENID_STONE_CLIENT_ID: clientId, OPENID_STONE_CLIENT_SECRET: clientSecret ?? '', ...env },
    port,
  )
  const enter = async (browser: Browser, start = '/sign-in/stone') => browser.post((await browser.open(start)).url, { enter: 'yes' })
  const back = async (browser: Browser, atProvider: Screen) => {
    const onward = await browser.post(atProvider.url, { enter: 'yes' }, { follow: false })
    const resumed = await browser.open(new URL(onward.headers.get('location') ?? '', atProvider.url), { follow: false })
    return new URL(resumed.headers.get('location') ?? '')
  }
  const close = async () => {
    await site.close()
    await stone.stop()
  }
  return {
    site,
    stone,
    enter,
    back,
    way: async (browser) => back(browser, await browser.open('/sign-in/stone')),
    close,
    [Symbol.asyncDispose]: close,
  }
}
