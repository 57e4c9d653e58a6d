import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AshlarError } from '@ashlar/kit/errors'
import { createLog, silentLog } from '@ashlar/kit/log'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportSPKI, generateKeyPair } from 'jose'
import { readSettings } from '../src/standalone/settings.js'
import { startStandalone } from '../src/standalone/start.js'
import { verifyTokens } from '../src/standalone/verify-tokens.js'
import { AUDIENCE, startIssuer, type TokenIssuer } from './support/token-issuer.js'
import { serveWorld, type WorldServers } from './support/world-servers.js'

let issuer: TokenIssuer
beforeAll(async () => {
  issuer = await startIssuer()
})
afterAll(async () => {
  await issuer[Symbol.asyncDispose]()
})

const verifying = (change: object = {}, log = silentLog()) =>
  verifyTokens({ jwks: new URL(issuer.jwks), issuer: issuer.issuer, audience: AUDIENCE, algorithms: ['RS256'], ...change }, log)
    .authenticate
const codeOf = (verified: Promise<unknown>): Promise<string> =>
  verified.then(
    () => 'none',
    (error: unknown) => (error instanceof AshlarError ? error.code : String(error)),
  )
const bearer = async (token: Promise<string> | string) => `Bearer ${await token}`
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token of an issuer’s', () => {
  it('says who asks, and what they may do', async () => {
    const authorization = await bearer(issuer.token('read write'))
    expect(await verifying()(authorization)).toMatchObject({
      userId: 'reader',
      role: 'USER',
      credential: 'session',
      scopes: ['read', 'write'],
    })
  })

  it.each([
    [{ scope: 'a b' }, ['a', 'b']],
    [{ scp: ['a', 'b'] }, ['a', 'b']],
    [{ scp: 'a b' }, ['a', 'b']],
    [{ permissions: ['a'], scope: 'b a' }, ['b', 'a']],
    [{ scope: { a: 1 }, permissions: ['a', 5, null] }, ['a']],
    [{}, []],
  ])('with the claims %j has the scopes %j', async (claims, scopes) => {
    const identity = await verifying()(await bearer(issuer.signed(claims)))
    expect(identity).toMatchObject({ userId: 'ada', scopes })
  })

  it('is not asked for where there is none', async () => {
    expect(await verifying()(undefined)).toBeNull()
  })

  it('is nothing without its signature, by another key or algorithm, for others, or after its time', async () => {
    const now = Math.floor(Date.now() / 1_000)
    const claims = { iss: issuer.issuer, aud: AUDIENCE, sub: 'ada', exp: now + 300, scope: 'read write' }
    const other = await generateKeyPair('RS256')
    const ec = await generateKeyPair('ES256')
    const genuine = await issuer.signed()
    const [header, , signature] = genuine.split('.')
    const bad: [string, string | Promise<string>][] = [
      ['unsigned', `${base64({ alg: 'none' })}.${base64(claims)}.`],
      ['unsigned, with a signature all the same', `${base64({ alg: 'none' })}.${base64(claims)}.${signature}`],
      ['with other claims than were signed', `${header}.${base64({ ...claims, sub: 'eve' })}.${signature}`],
      ['by another key under the same name', issuer.signed({}, {}, other.privateKey)],
      ['by a key of a name that nobody knows', issuer.signed({}, { kid: 'unknown' })],
      ['by another algorithm', issuer.signed({}, { alg: 'ES256' }, ec.privateKey)],
      [
        'by the published key as a secret',
        issuer.signed({}, { alg: 'HS256' }, new TextEncoder().encode(await exportSPKI(other.publicKey))),
      ],
      [
        'with its own key in its header',
        issuer.signed({}, { kid: 'mine', jwk: { kty: 'RSA' }, jku: 'http://127.0.0.1:1/' }, other.privateKey),
      ],
      ['of another issuer', issuer.signed({ iss: 'https://evil.example.com' })],
      ['of no issuer', issuer.signed({ iss: null })],
      ['for another audience', issuer.signed({ aud: 'urn:other' })],
      ['for no audience', issuer.signed({ aud: null })],
      ['expired', issuer.signed({ exp: now - 60 })],
      ['that never expires', issuer.signed({ exp: null })],
      ['from the future', issuer.signed({ nbf: now + 600 })],
      ['of nobody', issuer.signed({ sub: null })],
      ['with something critical that is not understood', issuer.signed({}, { crit: ['x'], x: 1 }).catch(() => 'a.b.c')],
      ['that is no token', 'nonsense'],
      ['that is endless', `a.${'b'.repeat(20_000)}.c`],
    ]
    const verify = verifying()
    for (const [what, token] of bad) expect([what, await codeOf(verify(await bearer(token)))]).toEqual([what, 'UNAUTHENTICATED'])
    for (const authorization of ['', 'Bearer', `Basic ${genuine}`, genuine])
      expect(await codeOf(verify(authorization))).toBe('UNAUTHENTICATED')
    expect(await codeOf(verify(await bearer(genuine)))).toBe('none')
  })

  it('of an unknown key asks for news only once in a while', async () => {
    const verify = verifying()
    await verify(await bearer(issuer.signed()))
    const before = issuer.keysRead
    for (let at = 0; at < 20; at += 1)
      expect(await codeOf(verify(await bearer(issuer.signed({}, { kid: `k${at}` }))))).toBe('UNAUTHENTICATED')
    expect(issuer.keysRead).toBe(before)
  })

  it('can not be judged while the keys were never there, and can once they are', async () => {
    const lines: Record<string, unknown>[] = []
    const verify = verifying({}, createLog('info', { write: (line) => lines.push(JSON.parse(line)) }))
    const authorization = await bearer(issuer.signed())
    issuer.hide(true)
    expect(await codeOf(verify(authorization))).toBe('SUBGRAPH_UNAVAILABLE')
    expect(lines).toHaveLength(1)
    issuer.hide(false)
    await until(async () => (await codeOf(verify(authorization))) === 'none')
    issuer.hide(true)
    expect(await codeOf(verify(authorization))).toBe('none')
    issuer.hide(false)
  })
})

describe('a token that a stream goes on by', () => {
  it('stands until it expires', async () => {
    const settings = { jwks: new URL(issuer.jwks), issuer: issuer.issuer, audience: AUDIENCE, algorithms: ['RS256'] }
    const { standings } = verifyTokens(settings, silentLog())
    const now = Math.floor(Date.now() / 1_000)
    const long = await standings.of(await bearer(issuer.signed({ exp: now + 300, scope: 'read' })))
    expect(long.remaining()).toMatchObject({ userId: 'ada', scopes: ['read'] })
    expect(long.expiresInMs()).toBeGreaterThan(200_000)
    await long.verify?.()
    expect(long.remaining()).not.toBeNull()
    // Within what clocks may differ by.
    const short = await standings.of(await bearer(issuer.signed({ exp: now - 1 })))
    expect(short.expiresInMs()).toBeLessThanOrEqual(0)
    expect(await codeOf(standings.of('Bearer a.b.c'))).toBe('UNAUTHENTICATED')
  })
})

describe('a gateway by itself that knows an issuer', () => {
  let world: WorldServers
  beforeAll(async () => {
    world = await serveWorld()
  })
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('refuses a token that is worth nothing as a whole, passes none on untold, and shares no answer between two', async () => {
    const flags = Object.entries(world.urls).flatMap(([name, url]) => ['--subgraph', `${name}=${url}`])
    const auth = ['--jwks', issuer.jwks, '--issuer', issuer.issuer, '--audience', AUDIENCE]
    const settings = readSettings([...flags, ...auth, '--port', '0', '--share-in-flight', '--keep', ''])
    if (!settings) throw new Error('only the usage was asked for')
    await using gateway = await startStandalone(settings, silentLog())
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: '{ me { name } }' }),
      })
      return { response, json: (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] } }
    }
    expect((await ask({})).json.data).toEqual({ me: { name: expect.any(String) } })
    world.heard.length = 0
    const good = await ask({ authorization: await bearer(issuer.token('read')) })
    expect(good.json.data).toEqual({ me: { name: expect.any(String) } })
    expect(good.response.headers.get('cache-control')).toBe('private, no-store')
    expect(world.heard).toHaveLength(1)
    expect(world.heard[0]).not.toHaveProperty('authorization')
    const bad = await ask({ authorization: 'Bearer a.b.c' })
    expect(bad.response.status).toBe(401)
    expect(bad.response.headers.get('www-authenticate')).toContain('Bearer')
    expect(bad.json.errors?.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED'])
    expect(world.heard).toHaveLength(1)
  })

  it('opens what the schema says for those whom the schema means', async () => {
    const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated", "@requiresScopes"])
      type Query { open: Int known: Int @authenticated scoped: Int @requiresScopes(scopes: [["write"]]) }`
    const service = createServer((request, response) => {
      request.resume().on('end', () => {
        const data = { _service: { sdl }, open: 1, known: 2, scoped: 3 }
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data }))
      })
    })
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
    const address = `one=http://127.0.0.1:${(service.address() as AddressInfo).port}/graphql`
    const auth = ['--jwks', issuer.jwks, '--issuer', issuer.issuer, '--audience', AUDIENCE]
    const settings = readSettings(['--subgraph', address, ...auth, '--port', '0', '--keep', ''])
    if (!settings) throw new Error('only the usage was asked for')
    {
      await using gateway = await startStandalone(settings, silentLog())
      const ask = async (token?: Promise<string>) => {
        const response = await fetch(`${gateway.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...(token && { authorization: await bearer(token) }) },
          body: JSON.stringify({ query: '{ open known scoped }' }),
        })
        return ((await response.json()) as { data?: unknown }).data
      }
      expect(await ask()).toEqual({ open: 1, known: null, scoped: null })
      expect(await ask(issuer.token('read'))).toEqual({ open: 1, known: 2, scoped: null })
      expect(await ask(issuer.token('read write'))).toEqual({ open: 1, known: 2, scoped: 3 })
    }
    service.closeAllConnections()
    await new Promise((resolve) => service.close(resolve))
  })
})
