import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { signUp, type TestHouse } from './app/test-app.js'
import { startTestHouse } from './app/test-house.js'

let test: TestHouse
beforeAll(async () => {
  test = await startTestHouse()
}, 60_000)
afterAll(() => test.close())

/** With headers that fetch does not let one set. */
const get = (path: string, headers: Record<string, string>): Promise<{ status: number; location: string | undefined }> =>
  new Promise((resolve, reject) =>
    request(new URL(path, test.url), { headers }, (answer) => {
      answer.resume()
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location })
    })
      .once('error', reject)
      .end(),
  )

describe('the one origin', () => {
  it('shows a browser the explorer, and answers a client', async () => {
    const page = await fetch(`${test.url}/graphql`, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect((await get('/', {})).location).toBe('/graphql')
    const { data } = await test.ask('{ hello(name: "Ashlar") { text number } }')
    expect(data.hello).toEqual({ text: 'Hello, Ashlar!', number: 1 })
  })

  it('serves the keys that verify its tokens', async () => {
    const { accessToken } = await signUp(test.url, 'verified')
    const keys = createRemoteJWKSet(new URL(`${test.url}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(accessToken, keys, { algorithms: ['EdDSA'] })
    expect(protectedHeader.kid).toEqual(expect.any(String))
    expect(payload.sub).toMatch(/^user_/)
  })

  it('refuses hosts that are not its own, but for what tells of its health', async () => {
    const foreign = { host: 'attacker.example' }
    for (const path of ['/', '/graphql', '/sign-in', '/.well-known/jwks.json']) expect((await get(path, foreign)).status).toBe(421)
    for (const path of ['/livez', '/readyz']) expect((await get(path, foreign)).status).toBe(200)
  })

  it('answers listed origins exactly, and those that an administrator adds', async () => {
    const originOf = async (origin: string) =>
      (await test.ask('{ hello { text } }', {}, { headers: { origin } })).headers.get('access-control-allow-origin')
    expect(await originOf('http://localhost:5173')).toBe('http://localhost:5173')
    for (const origin of ['https://site.example', 'null', 'http://localhost:5173.evil.example']) expect(await originOf(origin)).toBeNull()
  })
})
