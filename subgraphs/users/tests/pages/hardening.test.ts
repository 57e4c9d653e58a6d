import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Site, signUp, startSite } from './site.js'

const PAGES = [
  '/sign-in',
  '/sign-up',
  '/request-sign-in-link',
  '/request-password-reset',
  '/sign-in-link',
  '/reset-password',
  '/confirm-email',
  '/claim-ownership',
]
const OURS = { origin: 'null', 'sec-fetch-site': 'same-origin' }

describe('the pages', () => {
  let site: Site
  beforeAll(async () => {
    site = await startSite()
  })
  afterAll(() => site.close())

  it.each([...PAGES, '/sign-in/unknown', '/sign-in/unknown/callback'])(
    '%s may be framed by nobody, kept nowhere, and loads only what is ours',
    async (path) => {
      const { headers, html } = await site.browser().open(path)
      const policy = new Map(
        headers
          .get('content-security-policy')
          ?.split('; ')
          .map((each) => each.split(' ', 2) as [string, string]),
      )
      expect(Object.fromEntries(policy)).toEqual({
        'default-src': "'none'",
        'style-src': "'self'",
        'script-src': "'self'",
        'img-src': "'self'",
        'form-action': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      })
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:|https?:/i)
    },
  )

  it.each(PAGES)('%s names its fields for people and for password managers', async (path) => {
    const { html } = await site.browser().open(path)
    const inputs = [...html.matchAll(/<input(?![^>]*type="hidden")([^>]*)>/g)].map(([, attributes = '']) => attributes)
    expect(inputs.length).toBeGreaterThan(0)
    for (const attributes of inputs) {
      const id = attributes.match(/ id="([^"]+)"/)?.[1]
      expect(html).toContain(`<label for="${id}">`)
      expect(attributes).toMatch(/ autocomplete="[a-z-]+"/)
      const described = attributes.match(/aria-describedby="([^"]+)"/)?.[1]
      if (described) expect(html).toContain(`id="${described}"`)
    }
    expect(html.match(/<h1>/g)).toHaveLength(1)
    expect(html).toContain('<html lang="en">')
  })

  it('serves what the pages need under addresses that change with the content', async () => {
    const browser = site.browser()
    const { html } = await browser.open('/reset-password')
    const addresses = [...html.matchAll(/(?:href|src)="(\/sign-in\/[^"]+\.(?:css|js|svg))"/g)].map(([, address = '']) => address)
    expect(addresses).toHaveLength(3)
    for (const address of addresses) {
      const { status, headers } = await browser.open(address)
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-type')).toMatch(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
    }
  })

  it('shows what was typed as text', async () => {
    const browser = site.browser()
    const login = `"><script>alert(1)</script>'&`
    const { html } = await browser.send(await browser.open('/sign-in'), { login, password: 'x' })
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;"')
    expect(html).not.toContain('<script>')
  })

  it('has only a form sent to what changes something', async () => {
    for (const path of ['/sign-out', '/second-factor']) expect((await site.browser().open(path)).url.pathname).toBe('/sign-in')
  })

  it('takes no other body than a form, and none that is too long', async () => {
    const ask = (body: string, type: string) =>
      fetch(new URL('/sign-in', site.address), { method: 'POST', body, headers: { ...OURS, 'content-type': type } })
    expect((await ask('{"login":"ada"}', 'application/json')).status).toBe(415)
    expect((await ask('login=ada', 'text/plain')).status).toBe(415)
    const long = await ask(`login=${'a'.repeat(70_000)}`, 'application/x-www-form-urlencoded')
    expect([long.status, long.headers.get('content-type')]).toEqual([413, 'text/html; charset=utf-8'])
  })

  describe('take a form', () => {
    const fields = { username: 'forged', email: 'forged@example.org', password: 'four plain grey stones' }
    const made = async () => (await site.data<{ userByUsername: unknown }>('{ userByUsername(username: "forged") { id } }')).userByUsername

    it.each<[string, Record<string, string>]>([
      ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
      ['another site that hides its origin', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      ['another port of the same host', { origin: 'http://localhost:1', 'sec-fetch-site': 'same-site' }],
      ['another site, in a browser that says only the origin', { origin: 'https://evil.example' }],
      ['an origin that nobody knows', { origin: 'null' }],
    ])('not from %s', async (_, headers) => {
      const browser = site.browser()
      const form = (await browser.open('/sign-up')).form('/sign-up')
      const screen = await browser.post('/sign-up', { ...form.fields, ...fields }, { headers })
      expect([screen.status, await made()]).toEqual([403, null])
    })

    it('not without the token, nor with one of another browser', async () => {
      const browser = site.browser()
      const form = (await browser.open('/sign-up')).form('/sign-up')
      const other = (await site.browser().open('/sign-up')).form('/sign-up')
      for (const token of ['', 'x', other.fields.form ?? '']) {
        const screen = await browser.post('/sign-up', { ...form.fields, ...fields, form: token }, { headers: OURS })
        expect(screen.status).toBe(403)
      }
      expect(await made()).toBeNull()
    })

    it('not without the cookie that the token goes with', async () => {
      const form = (await site.browser().open('/sign-up')).form('/sign-up')
      const screen = await site.browser().post('/sign-up', { ...form.fields, ...fields }, { headers: OURS })
      expect([screen.status, await made()]).toEqual([403, null])
    })

    it('from a page of ours, by all that browsers say of it', async () => {
      for (const headers of [OURS, { origin: site.address, 'sec-fetch-site': 'same-origin' }, { origin: site.address }, {}]) {
        const browser = site.browser()
        const form = (await browser.open('/sign-in')).form('/sign-in')
        const screen = await browser.post('/sign-in', { ...form.fields, login: 'nobody', password: 'nothing at all' }, { headers })
        expect(screen.status).toBe(401)
      }
    })
  })

  describe('go back', () => {
    it.each(['/graphql', '/notes/1?tab=2#top', '/a/../b'])('to %s, which is ours', async (path) => {
      const browser = await signUp(site, `back${Math.abs(hash(path))}`)
      const landed = await browser.open(`/sign-in?return=${encodeURIComponent(path)}`)
      expect(landed.html).toContain(`href="${path === '/a/../b' ? '/b' : path}"`)
    })

    it.each([
      'https://evil.example/',
      '//evil.example/',
      '///evil.example/',
      '/\\evil.example/',
      '\\\\evil.example/',
      '/\t/evil.example/',
      '/\n/evil.example',
      ' //evil.example',
      '/%0a/../\\evil.example',
      '/..//evil.example/',
      '/.//evil.example/',
      'javascript:alert(1)',
      'data:text/html,x',
      'user@evil.example',
      '@evil.example',
      'sign-up',
      '',
      '/\u2028/evil.example',
    ])('never to %j', async (path) => {
      const screen = await site.browser().open(`/sign-in?return=${encodeURIComponent(path)}`)
      expect(screen.form('/sign-in').fields.return).toBeUndefined()
      expect(screen.html).not.toContain('evil.example')
    })

    it('never along a path that is too long for a form', async () => {
      const screen = await site.browser().open(`/sign-in?return=/${'a'.repeat(3_000)}`)
      expect(screen.form('/sign-in').fields.return).toBeUndefined()
    })

    it('never elsewhere from a form that was tampered with', async () => {
      const browser = await signUp(site, 'tampered')
      const again = site.browser()
      const form = (await again.open('/sign-in')).form('/sign-in')
      const sent = { ...form.fields, login: 'tampered', password: 'four plain grey stones', return: '//evil.example' }
      const screen = await again.post('/sign-in', sent, { headers: OURS, follow: false })
      expect([screen.status, screen.headers.get('location')]).toEqual([303, '/sign-in'])
      expect(browser.visited.every((address) => address.startsWith(site.address))).toBe(true)
    })
  })

  it('says so while the database is away, and works again when it is back', async () => {
    const browser = await signUp(site, 'patient')
    const { rows } = await site.database.admin.query<{ name: string }>('select current_database() as name')
    await site.database.admin.query(`alter database ${rows[0]?.name} connection limit 0`)
    await site.database.admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    const screen = await browser.open('/sign-in')
    expect([screen.status, screen.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
    await site.database.admin.query(`alter database ${rows[0]?.name} connection limit -1`)
    expect((await browser.open('/sign-in')).heading).toBe('You are signed in')
  })
})

const hash = (text: string): number => [...text].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, 7)
