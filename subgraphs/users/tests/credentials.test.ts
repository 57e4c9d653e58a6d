import { createHmac, generateKeyPairSync } from 'node:crypto'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose'
import { type Instance, type Person, startInstance, type Tokens } from './instance.js'

describe('credentials', () => {
  let users: Instance
  let ada: Person
  beforeAll(async () => {
    users = await startInstance()
    ada = await users.signUp('ada')
  })
  afterAll(() => users.close())

  const authenticate = (authorization: string | undefined, { services } = users as Pick<Instance, 'services'>) =>
    services.credentials.authenticate(authorization)
  const refused = (authorization: string) => expect(authenticate(authorization)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })

  it('are nobody’s without a header', async () => {
    expect(await authenticate(undefined)).toBeNull()
    expect(await authenticate('')).toBeNull()
  })

  it('are taken under the scheme Bearer, in any case', async () => {
    expect((await authenticate(`bearer ${ada.tokens.accessToken}`))?.userId).toBe(ada.id)
  })

  it.each([
    'Bearer',
    'Bearer x',
    'Bearer ashlar_x',
    `Bearer ashlar_${'x'.repeat(43)}`,
    `Bearer ashlar_${'x'.repeat(10_000)}`,
    `Bearer ${'x'.repeat(10_000)}`,
    'Basic YTpi',
    'Bearer a.b.c',
    'Bearer é',
    'x',
  ])('are refused as %s', async (authorization) => {
    await refused(authorization)
  })

  it('are JWTs with their issuer, audience, subject, session and scopes, for 15 minutes', async () => {
    const claims = decodeJwt(ada.tokens.accessToken)
    const origin = users.config.publicUrl.origin
    expect(claims).toMatchObject({
      iss: origin,
      aud: origin,
      sub: expect.stringMatching(/^user_/),
      sid: expect.stringMatching(/^session_/),
      scope: 'own',
    })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(15 * 60)
    expect(decodeProtectedHeader(ada.tokens.accessToken)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' })
  })

  it('expire by the clock of the database', async () => {
    await users.database.shiftClock('users', '14 minutes')
    expect((await authenticate(`Bearer ${ada.tokens.accessToken}`, await users.another()))?.userId).toBe(ada.id)
    await users.database.shiftClock('users', '16 minutes')
    await expect(authenticate(`Bearer ${ada.tokens.accessToken}`, await users.another())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    await users.database.shiftClock('users', '0')
  })

  it('are refused where anything of them was changed, or another key or algorithm signed them', async () => {
    const [header = '', payload = '', signature = ''] = ada.tokens.accessToken.split('.')
    const { kid } = decodeProtectedHeader(ada.tokens.accessToken)
    const claims = decodeJwt(ada.tokens.accessToken)
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const jwk = publicKey.export({ format: 'jwk' })
    const sign = (more: object) => new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', ...more }).sign(privateKey)
    const promoted = Buffer.from(JSON.stringify({ ...claims, scope: 'own users:admin' })).toString('base64url')
    const [own] = (await users.services.signingKeys.jwks()).keys
    const hmacHeader = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid })).toString('base64url')
    const hmac = createHmac('sha256', Buffer.from(String(own?.x), 'base64url'))
      .update(`${hmacHeader}.${payload}`)
      .digest('base64url')
    const forged = [
      `${header}.${promoted}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${payload}.`,
      new UnsecuredJWT(claims).encode(),
      `${hmacHeader}.${payload}.${hmac}`,
      await sign({ kid }),
      await sign({ kid: 'unknown' }),
      await sign({ kid: '__proto__' }),
      await sign({}),
      await sign({ jwk }),
      await sign({ jku: 'https://evil.example.com/jwks.json', kid: 'evil' }),
    ]
    for (const token of forged) await refused(`Bearer ${token}`)
  })

  it('are verified by what the instance publishes, which has no private part', async () => {
    const { keys } = await users.services.signingKeys.jwks()
    expect(keys).toHaveLength(1)
    expect(keys[0]).toMatchObject({
      kty: 'OKP',
      crv: 'Ed25519',
      alg: 'EdDSA',
      use: 'sig',
      kid: decodeProtectedHeader(ada.tokens.accessToken).kid,
    })
    expect(keys[0]).not.toHaveProperty('d')
  })

  it('are signed by a new key an hour after it was published, and known for an hour and a quarter after the last', async () => {
    const kidOf = (tokens: Pick<Tokens, 'accessToken'>) => decodeProtectedHeader(tokens.accessToken).kid
    const published = async (services: Instance['services']) => (await services.signingKeys.jwks()).keys.map(({ kid }) => kid)
    const first = kidOf(ada.tokens)
    const refresh = async (token: string | null, services: Instance['services']) =>
      (await services.sessions.refresh({ ...users.nobody(), userId: null, may: () => false }, token)).tokens

    await users.database.shiftClock('users', '29 days')
    const tokens = await refresh(ada.tokens.refreshToken, (await users.another()).services)
    await users.database.shiftClock('users', '31 days')
    const announcing = await users.another()
    const next = await refresh(tokens.refreshToken, announcing.services)
    expect(kidOf(next)).toBe(first)
    expect(await published(announcing.services)).toHaveLength(2)
    await users.database.shiftClock('users', '31 days 61 minutes')
    const signing = await users.another()
    const last = await refresh(next.refreshToken, signing.services)
    expect(kidOf(last)).not.toBe(first)
    expect(await published(signing.services)).toContain(first)
    await users.database.shiftClock('users', '31 days 3 hours')
    expect(await published((await users.another()).services)).toEqual([kidOf(last)])
    await users.database.shiftClock('users', '0')
  })

  it('have their keys sealed, and one key for 10 processes that start at once', async () => {
    const fresh = await startInstance()
    const processes = await Promise.all(Array.from({ length: 10 }, () => fresh.another()))
    const kids = await Promise.all(processes.map(async ({ services }) => (await services.signingKeys.jwks()).keys.map(({ kid }) => kid)))
    expect(new Set(kids.flat()).size).toBe(1)
    const { rows } = await fresh.database.admin.query(
      `select encode(private_sealed, 'escape') as sealed, public_jwk::text as jwk from users.signing_key`,
    )
    expect(JSON.stringify(rows)).not.toMatch(/PRIVATE KEY|"d"/)
    await fresh.close()
  })

  it('are not signed under another SECRET_KEY, which says so', async () => {
    const other = await users.another({ config: { ...users.config, secretKey: Buffer.alloc(32, 'another secret') } })
    await expect(other.services.signingKeys.jwks()).rejects.toThrow(/^SECRET_KEY /)
  })

  it('of apps bear no scope of a role, whatever the role', async () => {
    const person = await users.signUp('both')
    await users.withRole(person, 'ADMIN')
    const { data } = await users.signIn('both', {}, { origin: 'https://app.example.com' })
    const { accessToken } = (data as { signIn: { tokens: Tokens } }).signIn.tokens
    const app = await users.bearing(accessToken, { origin: 'https://app.example.com' })
    expect(app.identity).toMatchObject({ role: 'ADMIN', credential: 'app', scopes: ['own'] })
    for (const query of [
      '{ users { totalCount } }',
      '{ allowedClients }',
      'mutation { setAllowedClients(input: { clients: [] }) { allowedClients } }',
    ]) {
      expect(codesOf(await users.ask(query, {}, app))).toEqual(['FORBIDDEN'])
    }
  })
})
