import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fastify from 'fastify'
import { explorer } from '../src/explorer.js'
import { explorerRoutes } from '../src/explorer-routes.js'

const HOSTILE = { label: `"><script>alert(1)</script>&`, url: '/sign-in/hostile' }

const app = fastify()
app.register(explorerRoutes)
app.get('/graphql', explorer({ publicUrl: new URL('https://graph.example.com'), signUps: true, providers: [HOSTILE] }))

let origin = ''
beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
})
afterAll(() => app.close())

const openPage = (headers: Record<string, string> = {}) => fetch(`${origin}/graphql`, { headers: { accept: 'text/html', ...headers } })

describe('the page', () => {
  it('lets nothing in from another origin', async () => {
    const { headers } = await openPage()
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = headers.get('content-security-policy')?.split('; ') ?? []
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ]),
    )
    expect(policy.filter((directive) => /script|eval|connect|worker|https?:|\*/.test(directive))).toEqual([])
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
  })

  it('names nothing but assets of its own', async () => {
    const body = await (await openPage()).text()
    const addresses = [...body.matchAll(/\s(?:src|href)="([^"]+)"/g)].map(([, address]) => address)
    expect(addresses).toContainEqual(expect.stringMatching(/^\/graphql\/assets\/explorer-[\w-]+\.js$/))
    expect(addresses.filter((address) => !address?.startsWith('/graphql/assets/'))).toEqual([])
  })

  it('is told of its instance without letting a word become markup', async () => {
    const body = await (await openPage()).text()
    expect(body).not.toContain('<script>alert')
    const attribute = body.match(/data-instance="([^"]*)"/)?.[1] ?? ''
    const instance = attribute.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
    expect(JSON.parse(instance)).toEqual({ publicUrl: 'https://graph.example.com/', signUps: true, providers: [HOSTILE] })
  })

  it('is asked for again each time, and sent again only when it changed', async () => {
    const { headers } = await openPage()
    expect(headers.get('cache-control')).toBe('no-cache')
    expect(headers.get('vary')).toBe('Accept')
    const again = await openPage({ 'if-none-match': headers.get('etag') ?? '' })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
  })
})

describe('an asset', () => {
  const script = async () => (await (await openPage()).text()).match(/\/graphql\/assets\/explorer-[\w-]+\.js/)?.[0] ?? ''
  const load = (path: string, acceptEncoding: string, method = 'GET') =>
    fetch(origin + path, { method, headers: { 'accept-encoding': acceptEncoding } })

  it('is kept for good', async () => {
    const { status, headers } = await load(await script(), 'identity')
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('vary')).toBe('Accept-Encoding')
  })

  it('comes as small as the browser can take it', async () => {
    const path = await script()
    const [plain, brotli, gzip] = await Promise.all(['identity', 'gzip, br', 'br;q=0, gzip'].map((coding) => load(path, coding)))
    expect([plain, brotli, gzip].map((response) => response?.headers.get('content-encoding'))).toEqual([null, 'br', 'gzip'])
    const texts = await Promise.all([plain, brotli, gzip].map((response) => response?.text()))
    expect(new Set(texts).size).toBe(1)
    const length = (response: Response | undefined) => Number(response?.headers.get('content-length'))
    expect(length(brotli)).toBeLessThan(length(gzip))
    expect(length(gzip)).toBeLessThan(length(plain) / 2)
  })

  it('answers HEAD with what GET would say of it', async () => {
    const response = await load(await script(), 'br', 'HEAD')
    expect(response.status).toBe(200)
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  })

  it.each([
    '/graphql/assets/none.js',
    '/graphql/assets/',
    '/graphql/assets/..%2fexplorer.html',
    '/graphql/assets/..%2f..%2fpackage.json',
    '/graphql/assets/__proto__',
  ])('is nothing but what was built: %s', async (path) => {
    expect((await load(path, 'identity')).status).toBe(404)
  })
})
