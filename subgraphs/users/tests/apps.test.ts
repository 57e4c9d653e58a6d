import { createHash, randomBytes } from 'node:crypto'
import { codesOf, issuePathsOf } from '@ashlar/kit/testing/test-subgraph'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Instance, PASSWORD, type Person, startInstance, type Tokens } from './instance.js'

const AUTHORIZE = 'mutation ($input: AuthorizeClientInput!) { authorizeClient(input: $input) { code expiresAt } }'
const EXCHANGE = `mutation ($input: ExchangeAuthorizationCodeInput!) {
  exchangeAuthorizationCode(input: $input) { viewer { userId scopes } tokens { accessToken refreshToken } }
}`
const SITE = 'https://app.example.com'
const NATIVE = 'com.example.app:/signed-in'

describe('apps', () => {
  let users: Instance
  let ada: Person
  beforeAll(async () => {
    users = await startInstance({ ALLOWED_CLIENTS: `${SITE},${NATIVE}` })
    ada = await users.signUp('ada')
  })
  afterAll(() => users.close())

  const pkce = () => {
    const codeVerifier = randomBytes(32).toString('base64url')
    return { codeVerifier, codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url') }
  }
  const authorize = (input: object, asking = ada.asking) =>
    users.field<{ code: string; expiresAt: string }>('authorizeClient', AUTHORIZE, { input }, asking)
  const exchange = (code: string, codeVerifier: string, origin: string | null = SITE) =>
    users.ask(EXCHANGE, { input: { code, codeVerifier } }, users.nobody({ origin }))
  const codeFor = async (client = SITE, more: object = {}) => {
    const { codeVerifier, codeChallenge } = pkce()
    return { ...(await authorize({ client, codeChallenge, ...more })), codeVerifier }
  }
  const tokensOf = (answer: Awaited<ReturnType<typeof exchange>>) =>
    (answer.data as { exchangeAuthorizationCode: { tokens: Tokens } }).exchangeAuthorizationCode.tokens
  const appSession = async (more: object = {}) => {
    const { code, codeVerifier } = await codeFor(SITE, more)
    const tokens = tokensOf(await exchange(code, codeVerifier))
    return { tokens, asking: await users.bearing(tokens.accessToken, { origin: SITE }) }
  }

  it('swap a code for a session of their own, with all that is the user’s own', async () => {
    const { asking, tokens } = await appSession()
    expect(asking.identity).toMatchObject({ userId: ada.id, credential: 'app', scopes: ['own'] })
    expect(asking.identity?.credentialId).not.toBe(ada.identity.credentialId)
    const { data } = await users.ask('{ viewer { sessions { nodes { client current } } } }', {}, asking)
    expect(data).toMatchObject({
      viewer: {
        sessions: {
          nodes: expect.arrayContaining([
            { client: SITE, current: true },
            { client: null, current: false },
          ]),
        },
      },
    })
    expect(codesOf(await users.refresh(tokens.refreshToken))).toEqual([])
  })

  it('get no more scopes than they asked for, also after a refresh', async () => {
    const { tokens } = await appSession({ scopes: ['posts:read', 'posts:read', 'notes:write'] })
    const { data } = await users.refresh(tokens.refreshToken)
    const { accessToken } = (data as { refreshSession: { tokens: Tokens } }).refreshSession.tokens
    expect((await users.bearing(accessToken)).identity).toMatchObject({ credential: 'app', scopes: ['posts:read', 'notes:write'] })
  })

  it("get no scope of a role, and an ADMIN's app session none either", async () => {
    const admin = await users.withRole(await users.signUp('boss'), 'ADMIN')
    const { codeVerifier, codeChallenge } = pkce()
    for (const scopes of [['users:admin'], ['posts:moderate'], ['posts:read', 'services:read']]) {
      expect(codesOf(await users.ask(AUTHORIZE, { input: { client: SITE, codeChallenge, scopes } }, admin))).toEqual(['FORBIDDEN'])
    }
    const { code } = await authorize({ client: SITE, codeChallenge }, admin)
    const app = await users.bearing(tokensOf(await exchange(code, codeVerifier)).accessToken)
    expect(app.identity).toMatchObject({ role: 'ADMIN', scopes: ['own'] })
    expect(codesOf(await users.ask('{ users { totalCount } }', {}, app))).toEqual(['FORBIDDEN'])
    expect(codesOf(await users.ask('{ allowedClients }', {}, app))).toEqual(['FORBIDDEN'])
  })

  it.each([
    ['from another origin', 'https://evil.example.com'],
    ['from none', null],
    ['from the opaque one', 'null'],
  ])('get nothing for a code that comes %s', async (_, origin) => {
    const { code, codeVerifier } = await codeFor()
    expect(codesOf(await exchange(code, codeVerifier, origin))).toEqual(['UNAUTHENTICATED'])
    expect(codesOf(await exchange(code, codeVerifier))).toEqual([])
  })

  it('that are native present their code without an origin', async () => {
    const { code, codeVerifier } = await codeFor(NATIVE)
    expect(codesOf(await exchange(code, codeVerifier, SITE))).toEqual(['UNAUTHENTICATED'])
    const { accessToken } = tokensOf(await exchange(code, codeVerifier, null))
    expect((await users.bearing(accessToken)).identity?.credential).toBe('app')
  })

  it('get nothing for another verifier, or a made-up code', async () => {
    const { code, codeVerifier } = await codeFor()
    for (const verifier of [pkce().codeVerifier, '', 'x', 'é'.repeat(43), codeVerifier.slice(1)]) {
      expect(codesOf(await exchange(code, verifier))).toEqual(['UNAUTHENTICATED'])
    }
    expect(codesOf(await exchange('x', codeVerifier))).toEqual(['UNAUTHENTICATED'])
  })

  it('have 60 s', async () => {
    const { code, codeVerifier, expiresAt } = await codeFor()
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000)
    await users.database.shiftClock('users', '61 seconds')
    expect(codesOf(await exchange(code, codeVerifier))).toEqual(['UNAUTHENTICATED'])
    await users.database.shiftClock('users', '0')
  })

  it('lose the session when the code is used a second time', async () => {
    const { code, codeVerifier } = await codeFor()
    const { accessToken, refreshToken } = tokensOf(await exchange(code, codeVerifier))
    await users.bearing(accessToken)
    expect(codesOf(await exchange(code, 'stolen', null))).toEqual(['UNAUTHENTICATED'])
    await expect(users.bearing(accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(codesOf(await users.refresh(refreshToken))).toEqual(['UNAUTHENTICATED'])
  })

  it('use a code once among 20 at once', async () => {
    const { code, codeVerifier } = await codeFor()
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(code, codeVerifier)))
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1)
  })

  it.each([
    ['is not listed', 'https://evil.example.com'],
    ['is listed but for a slash', `${SITE}/`],
    ['is listed but for its case', SITE.toUpperCase()],
    ['is listed but for a user', 'https://app.example.com@evil.example.com'],
    ['is listed but for a path', `${NATIVE}/more`],
  ])('are not authorised where the client %s', async (_, client) => {
    const answer = await users.ask(AUTHORIZE, { input: { client, codeChallenge: pkce().codeChallenge } }, ada.asking)
    expect([codesOf(answer), issuePathsOf(answer)]).toEqual([['BAD_USER_INPUT'], ['input.client']])
  })

  it('on this machine need no list, where HOST is loopback', async () => {
    const { codeVerifier, codeChallenge } = pkce()
    const client = 'http://localhost:5173'
    const { code } = await authorize({ client, codeChallenge })
    expect(codesOf(await exchange(code, codeVerifier, client))).toEqual([])
    for (const near of ['http://localhost:5173/', 'http://localhost.example.com', 'http://127.0.0.1@example.com']) {
      expect(codesOf(await users.ask(AUTHORIZE, { input: { client: near, codeChallenge } }, ada.asking))).toEqual(['BAD_USER_INPUT'])
    }
  })

  it('hear of all that is wrong with what they ask for', async () => {
    const answer = await users.ask(AUTHORIZE, { input: { client: 'x', codeChallenge: 'plain', scopes: [] } }, ada.asking)
    expect(issuePathsOf(answer)).toEqual(['input.client', 'input.codeChallenge', 'input.scopes'])
  })

  it('and keys may not change credentials or the account', async () => {
    const { asking: app } = await appSession()
    const { secret } = await users.field<{ secret: string }>(
      'createApiKey',
      'mutation { createApiKey(input: { name: "k", scopes: ["users:write", "posts:write"] }) { secret } }',
      {},
      ada.asking,
    )
    const key = await users.bearing(secret)
    const some = { session: 'session_01kb3pxw00e8rtg8g2xk2wy3h4', key: 'api_key_01kb3pxw00e8rtg8g2xk2wy3h4' }
    const mutations = [
      'createApiKey(input: { name: "k", scopes: ["posts:read"] }) { secret }',
      `revokeApiKey(input: { apiKeyId: "${some.key}" }) { viewer { userId } }`,
      `authorizeClient(input: { client: "${SITE}", codeChallenge: "${pkce().codeChallenge}" }) { code }`,
      `changePassword(input: { currentPassword: "${PASSWORD}", newPassword: "five smooth white pebbles" }) { viewer { userId } }`,
      'requestEmailVerification { ok }',
      `requestEmailChange(input: { email: "x@example.org", currentPassword: "${PASSWORD}" }) { ok }`,
      'enrollTotp { secret }',
      'confirmTotp(input: { code: "123456" }) { recoveryCodes }',
      'disableTotp(input: { code: "123456" }) { viewer { userId } }',
      `revokeSession(input: { sessionId: "${some.session}" }) { viewer { userId } }`,
      'revokeOtherSessions { revokedCount }',
      `deleteAccount(input: { password: "${PASSWORD}" }) { deletedUserId }`,
    ]
    for (const asking of [app, key]) {
      for (const mutation of mutations)
        expect([mutation, codesOf(await users.ask(`mutation { ${mutation} }`, {}, asking))]).toEqual([mutation, ['FORBIDDEN']])
    }
    expect(codesOf(await users.ask('mutation { signOut { ok } }', {}, key))).toEqual(['FORBIDDEN'])
    expect(codesOf(await users.ask('mutation { updateProfile(input: { bio: "by an app" }) { user { bio } } }', {}, app))).toEqual([])
  })

  it('sign themselves out, also with scopes that reach nothing here', async () => {
    const { asking, tokens } = await appSession({ scopes: ['posts:read'] })
    expect(codesOf(await users.ask('mutation { signOut { ok } }', {}, asking))).toEqual([])
    await expect(users.bearing(tokens.accessToken)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})
