import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startTestApp, type TestApp } from './app/test-app.js'

let test: TestApp
beforeAll(async () => {
  test = await startTestApp({ env: { OWNER_EMAIL: 'owner@example.com', OWNER_PASSWORD: 'a quarry of ones own' } })
}, 60_000)
afterAll(() => test.close())

const SIGN_IN = `mutation { session: signIn(input: { login: "owner@example.com", password: "a quarry of ones own" }) {
  viewer { scopes } tokens { accessToken refreshToken }
} }`
const REFRESH = 'mutation { session: refreshSession(input: {}) { viewer { scopes } tokens { accessToken refreshToken } } }'

/** What one browser keeps of this host: cookies go by the host name alone, whatever port a page is from. */
class Jar {
  private readonly cookies = new Map<string, string>()

  /** From a page of this origin, in cookie mode. */
  async ask(query: string, origin: string, headers: Readonly<Record<string, string>> = {}) {
    const answer = await test.ask(query, {}, { headers: { ...this.headersFrom(origin), ...headers } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = line.match(/^([^=]+)=([^;]*)/) ?? []
      if (value) this.cookies.set(name, value)
      else this.cookies.delete(name)
    }
    return { ...answer, codes: (answer.errors ?? []).map(({ extensions }) => extensions?.code) }
  }

  get size(): number {
    return this.cookies.size
  }

  private headersFrom(origin: string) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ')
    const site = origin === test.url ? 'same-origin' : 'same-site'
    return { origin, cookie, 'ashlar-session': 'cookie', 'sec-fetch-site': site }
  }
}

describe("the pages' cookie", () => {
  const APP = 'http://localhost:5173'

  it("opens nothing for another origin's page, which has one of its own beside it", async () => {
    const jar = new Jar()
    const pages = test.app.config.publicUrl.origin
    expect((await jar.ask(SIGN_IN, pages)).data.session.viewer.scopes).toContain('users:admin')
    expect((await jar.ask(REFRESH, APP)).codes).toEqual(['UNAUTHENTICATED'])
    const app = await jar.ask(SIGN_IN, APP)
    expect(app.data.session).toMatchObject({ viewer: { scopes: ['own'] }, tokens: { refreshToken: null } })
    expect(jar.size).toBe(2)
    const key = await jar.ask('mutation { createApiKey(input: { name: "k", scopes: ["users:admin"] }) { secret } }', APP, {
      authorization: `Bearer ${app.data.session.tokens.accessToken}`,
    })
    expect(key.codes).toEqual(['FORBIDDEN'])
    // Both go on, each at its own origin.
    for (const [origin, scope] of [
      [pages, true],
      [APP, false],
      [pages.replace('localhost', '127.0.0.1'), true],
    ] as const) {
      const { data } = await jar.ask(REFRESH, origin)
      expect([origin, data.session.viewer.scopes.includes('users:admin')]).toEqual([origin, scope])
    }
  })

  it('signs out by itself, for a page of its own that sends JSON, and ends nothing else', async () => {
    const jar = new Jar()
    const pages = test.app.config.publicUrl.origin
    const signOut = 'mutation { signOut { ok } }'
    const { accessToken } = (await jar.ask(SIGN_IN, pages)).data.session.tokens
    const app = (await jar.ask(SIGN_IN, APP)).data.session.tokens.accessToken
    const guarded: Record<string, string>[] = [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'content-type': 'text/plain' }]
    for (const headers of guarded) expect((await jar.ask(signOut, pages, headers)).codes).toEqual(['FORBIDDEN'])
    expect((await new Jar().ask(signOut, pages)).codes).toEqual(['UNAUTHENTICATED'])
    expect((await jar.ask(signOut, pages, { 'ashlar-session': 'none' })).codes).toEqual(['UNAUTHENTICATED'])
    expect(jar.size).toBe(2)

    expect((await jar.ask(signOut, pages)).data).toEqual({ signOut: { ok: true } })
    expect(jar.size).toBe(1)
    const viewerOf = async (token: string) => (await test.ask('{ viewer { id } }', {}, { token })).status
    expect([await viewerOf(accessToken), await viewerOf(app)]).toEqual([401, 200])
    expect((await jar.ask(REFRESH, APP)).codes).toEqual([])
  })
})
