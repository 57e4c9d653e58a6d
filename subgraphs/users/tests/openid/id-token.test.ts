import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { OpenId } from '../../src/openid.js'
import { type RecordingLog, recordingLog } from '../recording-log.js'
import { startProvider, type TestProvider } from './provider.js'

const publicUrl = new URL('http://localhost:4000')
const now = () => Math.floor(Date.now() / 1_000)

describe('an ID token that an app got from a provider', () => {
  let stone: TestProvider
  let openid: OpenId
  let log: RecordingLog

  beforeAll(async () => {
    stone = await startProvider('http://localhost:4000/sign-in/stone/callback')
    log = recordingLog()
    openid = new OpenId({ openIdProviders: [stone.configured], allowedPrivateHosts: [], publicUrl }, log)
  })
  afterAll(() => stone.stop())

  it('says who it is for', async () => {
    expect(await openid.verifyIdToken('stone', await stone.idToken())).toEqual({
      issuer: stone.configured.issuer.href.replace(/\/$/, ''),
      subject: 'ada',
      email: 'ada@example.org',
      emailVerified: true,
      name: 'Ada',
    })
  })

  it('is good with the nonce that it was asked for with, and with no other', async () => {
    const token = await stone.idToken({ nonce: 'n-1' })
    expect(await openid.verifyIdToken('stone', token, 'n-1')).toMatchObject({ subject: 'ada' })
    for (const nonce of ['n-2', '', null, undefined]) {
      await expect(openid.verifyIdToken('stone', token, nonce)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    await expect(openid.verifyIdToken('stone', await stone.idToken(), 'n-1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it.each<[string, Record<string, unknown>]>([
    ['another issuer', { iss: 'https://accounts.example.org' }],
    ['another client', { aud: 'someone-else' }],
    ['several clients, and no party', { aud: ['ashlar', 'someone-else'] }],
    ['several clients, another the party', { aud: ['ashlar', 'someone-else'], azp: 'someone-else' }],
    ['nobody', { sub: null }],
    ['a number', { sub: 5 }],
    ['an object', { sub: { a: 1 } }],
    ['a list', { sub: ['ada'] }],
    ['an id of control characters', { sub: 'ada\u0000' }],
    ['ever', { exp: null }],
    ['a time that is over', { iat: now() - 900, exp: now() - 300 }],
    ['a time to come', { nbf: now() + 300 }],
  ])('is refused when it is for %s', async (_, claims) => {
    await expect(openid.verifyIdToken('stone', await stone.idToken(claims))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it('may have been asked for by an app of its own on our behalf', async () => {
    expect(await openid.verifyIdToken('stone', await stone.idToken({ azp: 'the-android-app' }))).toMatchObject({ subject: 'ada' })
  })

  it('is refused without a signature', async () => {
    const token = new UnsecuredJWT({ sub: 'ada' })
      .setIssuer(stone.configured.issuer.origin)
      .setAudience('ashlar')
      .setIssuedAt()
      .setExpirationTime('5 min')
      .encode()
    await expect(openid.verifyIdToken('stone', token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it("is refused when it is signed with the client's secret", async () => {
    const token = await new SignJWT({ sub: 'ada', iss: stone.configured.issuer.origin, aud: 'ashlar' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuedAt()
      .setExpirationTime('5 min')
      .sign(Buffer.from(stone.configured.clientSecret ?? ''))
    await expect(openid.verifyIdToken('stone', token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  it("is refused when another's key signed it, under the provider's name for its own", async () => {
    const { privateKey } = await generateKeyPair('RS256')
    for (const kid of ['stone-1', 'stone-2']) {
      const token = await new SignJWT({ sub: 'ada', iss: stone.configured.issuer.origin, aud: 'ashlar' })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuedAt()
        .setExpirationTime('5 min')
        .sign(privateKey)
      await expect(openid.verifyIdToken('stone', token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  it('is refused when it is none', async () => {
    for (const token of ['', 'no token', 'a.b.c', `${'a'.repeat(20_000)}.b.c`]) {
      await expect(openid.verifyIdToken('stone', token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    }
  })

  it('takes an address for verified only where the provider says so', async () => {
    const verified = async (claims: Record<string, unknown>) =>
      (await openid.verifyIdToken('stone', await stone.idToken(claims))).emailVerified
    expect(await verified({ email_verified: 'true' })).toBe(true)
    for (const said of [false, 'false', 1, {}, null]) expect(await verified({ email_verified: said })).toBe(false)
  })

  it('leaves out an address or a name that can not be one', async () => {
    const claims = async (given: Record<string, unknown>) => openid.verifyIdToken('stone', await stone.idToken(given))
    for (const email of ['ada', 'ada@example.org\r\nBcc: eve@example.org', 'a b@example.org', `${'a'.repeat(300)}@example.org`, 7]) {
      expect(await claims({ email })).toMatchObject({ email: null, emailVerified: false })
    }
    expect((await claims({ name: ` A\u0000da\n${'x'.repeat(400)}` })).name).toHaveLength(300)
    expect((await claims({ name: ['Ada'], preferred_username: 'ada' })).name).toBe('ada')
    expect((await claims({ name: ' ' })).name).toBeNull()
  })

  it('is for a provider that this instance knows', async () => {
    await expect(openid.verifyIdToken('brick', await stone.idToken())).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })

  it('says that the provider is away where it is', async () => {
    const away = await startProvider('http://localhost:4000/sign-in/stone/callback')
    const token = await away.idToken()
    await away.stop()
    const other = new OpenId({ openIdProviders: [away.configured], allowedPrivateHosts: [], publicUrl }, log)
    await expect(other.verifyIdToken('stone', token)).rejects.toMatchObject({
      code: 'SUBGRAPH_UNAVAILABLE',
      extensions: { retryAfterSeconds: expect.any(Number) },
    })
    await expect(other.begin(away.configured)).rejects.toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE' })
  })

  it('writes no token into the log', async () => {
    const token = await stone.idToken({ aud: 'someone-else' })
    await openid.verifyIdToken('stone', token).catch(() => {})
    expect(log.written()).toContain('an OpenID sign-in was refused')
    for (const part of token.split('.')) expect(log.written()).not.toContain(part)
    expect(log.written()).not.toContain(stone.configured.clientSecret)
  })
})
