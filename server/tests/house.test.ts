import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { ask, signUp, type TestHouse } from './app/test-app.js'
import { startTestHouse, ways } from './app/test-house.js'

const CREATE_POST = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id title author { username } } } }'
const PASSWORD = 'a good password of ada'
/** Long enough for what has to be done before. */
const SOON_MS = 5_000

// What must not differ by how it is started. ASHLAR_PROCESSES says which way alone.
describe.each(ways)('Ashlar in %s', (way) => {
  let test: TestHouse
  let token: string
  let refreshToken: string
  let postId: string

  beforeAll(async () => {
    test = await startTestHouse({ env: { OWNER_EMAIL: 'owner@example.com', OWNER_PASSWORD: 'a quarry of ones own' } }, way)
  }, 60_000)
  afterAll(() => test.close())

  it('signs people up, and answers one screen across its services', async () => {
    const tokens = await signUp(test.url, 'ada')
    token = tokens.accessToken
    refreshToken = tokens.refreshToken
    const { data, errors } = await test.ask(CREATE_POST, { input: { title: 'A first post', content: '*Text.*', publish: true } }, { token })
    expect(errors).toBeUndefined()
    expect(data.createPost.post).toMatchObject({ title: 'A first post', author: { username: 'ada' } })
    postId = data.createPost.post.id
    const screen = await test.ask(
      'query ($id: ID!) { hello { text } posts(first: 5) { nodes { title author { username } } } viewer { id user { id username } posts(first: 5) { totalCount } } node(id: $id) { id } }',
      { id: postId },
      { token },
    )
    expect(screen.errors).toBeUndefined()
    expect(screen.data).toMatchObject({
      hello: { text: 'Hello, world!' },
      posts: { nodes: [{ title: 'A first post', author: { username: 'ada' } }] },
      viewer: { user: { username: 'ada' }, posts: { totalCount: 1 } },
      node: { id: postId },
    })
    expect(screen.data.viewer.id).toBe(screen.data.viewer.user.id)
  })

  it('does a thing once, however often the key comes', async () => {
    const input = { title: 'Once', content: 'Text.', idempotencyKey: 'the same each time' }
    const answers = await Promise.all([1, 2, 3].map(() => test.ask(CREATE_POST, { input }, { token })))
    expect(new Set(answers.map(({ data }) => data.createPost.post.id)).size).toBe(1)
    const other = await test.ask(CREATE_POST, { input: { ...input, title: 'Twice' } }, { token })
    expect(other.errors?.[0]?.extensions?.code).toBe('CONFLICT')
  })

  it('hides a draft from others as if it were not there', async () => {
    const { data } = await test.ask(CREATE_POST, { input: { title: 'Not yet', content: 'Text.' } }, { token })
    const { id } = data.createPost.post
    const query = 'query ($id: ID!) { node(id: $id) { __typename id } }'
    expect((await test.ask(query, { id })).data).toEqual({ node: null })
    expect((await test.ask(query, { id }, { token })).data.node).toEqual({ __typename: 'Post', id })
  })

  it('says every fault with its code, and lets nobody do what is not theirs', async () => {
    const codeOf = async (query: string, variables: object, options = {}) =>
      (await test.ask(query, variables, options)).errors?.map(({ extensions }) => extensions?.code)
    expect(await codeOf(CREATE_POST, { input: { title: '', content: '' } }, { token })).toEqual(['BAD_USER_INPUT'])
    expect(await codeOf(CREATE_POST, { input: { title: 'x', content: '' } })).toEqual(['UNAUTHENTICATED'])
    expect(await codeOf('{ allowedClients }', {}, { token })).toEqual(['FORBIDDEN'])
    expect(await codeOf('{ hello { text } }', {}, { token: 'nonsense' })).toEqual(['UNAUTHENTICATED'])
  })

  it('makes a key that reads and does not write, and dies when it is revoked', async () => {
    const made = await test.ask(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }',
      { input: { name: 'reader', scopes: ['posts:read'] } },
      { token },
    )
    const { secret, apiKey } = made.data.createApiKey
    const own = '{ viewer { posts(first: 10) { totalCount } } }'
    expect((await test.ask(own, {}, { token: secret })).data.viewer.posts.totalCount).toBeGreaterThan(1)
    const written = await test.ask(CREATE_POST, { input: { title: 'x', content: '' } }, { token: secret })
    expect(written.errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
    const revoke = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }'
    expect((await test.ask(revoke, { input: { apiKeyId: apiKey.id } }, { token })).errors).toBeUndefined()
    await until(async () => (await test.ask(own, {}, { token: secret })).status === 401)
  })

  it('hands out a new pair for a refresh token, and signs out', async () => {
    const refresh = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }'
    const { data, errors } = await test.ask(refresh, { input: { refreshToken } })
    expect(errors).toBeUndefined()
    expect(data.refreshSession.tokens.refreshToken).not.toBe(refreshToken)
    const renewed = data.refreshSession.tokens.accessToken
    expect((await test.ask('mutation { signOut { __typename } }', {}, { token: renewed })).errors).toBeUndefined()
  })

  it('keeps the refresh token in a cookie for a page of its own', async () => {
    const origin = new URL(test.url.replace('127.0.0.1', 'localhost')).origin
    const headers = { origin, 'ashlar-session': 'cookie' }
    const signedIn = await test.ask(
      'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { refreshToken } } }',
      { input: { login: 'ada', password: PASSWORD } },
      { headers },
    )
    expect(signedIn.errors).toBeUndefined()
    expect(signedIn.data.signIn.tokens.refreshToken).toBeNull()
    const [cookie = ''] = (signedIn.headers.get('set-cookie') ?? '').split(';')
    const refreshed = await test.ask(
      'mutation { refreshSession(input: {}) { tokens { accessToken refreshToken } } }',
      {},
      { headers: { ...headers, cookie } },
    )
    expect(refreshed.errors).toBeUndefined()
    token = refreshed.data.refreshSession.tokens.accessToken
    expect(refreshed.headers.get('set-cookie')).toContain(cookie.split('=')[0])
  })

  it('shows the pages for signing in, and takes what their forms send', async () => {
    const page = await fetch(`${test.url}/sign-in`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const [cookie = ''] = (page.headers.get('set-cookie') ?? '').split(';')
    const text = await page.text()
    const hidden = [...text.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)].map(
      ([, name = '', value = '']) => [name, value],
    )
    const origin = new URL(test.url.replace('127.0.0.1', 'localhost')).origin
    const send = (fields: Record<string, string>) =>
      fetch(`${test.url}/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie, origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...Object.fromEntries(hidden), ...fields }),
      })
    const refused = await send({ login: 'ada', password: 'not the password' })
    expect([200, 401, 422]).toContain(refused.status)
    const sent = await send({ login: 'ada', password: PASSWORD })
    expect(sent.status).toBe(303)
    expect(sent.headers.get('set-cookie')).toContain('HttpOnly')
    expect((await fetch(`${test.url}/no-such-page`)).status).toBe(404)
  })

  it('serves the keys that verify its tokens, and says that it is ready', async () => {
    const keys = createRemoteJWKSet(new URL(`${test.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(token, keys, { algorithms: ['EdDSA'] })
    expect(payload.sub).toMatch(/^user_/)
    for (const path of ['/livez', '/readyz']) expect((await fetch(`${test.url}${path}`)).status).toBe(200)
  })

  it('publishes what a suspended author had scheduled once the suspension has ended, and no sooner', async () => {
    const draft = async (username: string) => {
      const { accessToken: token } = await signUp(test.url, username)
      const created = await test.ask(CREATE_POST, { input: { title: `By ${username}`, content: 'Text.' } }, { token })
      const who = await test.ask('{ viewer { id } }', {}, { token })
      return { token, postId: created.data.createPost.post.id, userId: who.data.viewer.id }
    }
    const [suspended, other] = await Promise.all([draft('suspended'), draft('unsuspended')])
    const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { tokens { accessToken } } }'
    const owner = await test.ask(SIGN_IN, { input: { login: 'owner@example.com', password: 'a quarry of ones own' } })
    const publishAt = new Date(Date.now() + SOON_MS).toISOString()
    const schedule = async ({ token, postId }: typeof suspended) => {
      const PUBLISH = 'mutation ($input: PublishPostInput!) { publishPost(input: $input) { post { status } } }'
      const { data } = await test.ask(PUBLISH, { input: { postId, publishAt } }, { token })
      expect(data.publishPost.post.status).toBe('SCHEDULED')
    }
    await Promise.all([schedule(suspended), schedule(other)])
    const suspend = async (isSuspended: boolean) => {
      const SUSPEND = 'mutation ($input: SetUserSuspendedInput!) { setUserSuspended(input: $input) { user { id } } }'
      const { errors } = await test.ask(
        SUSPEND,
        { input: { userId: suspended.userId, suspended: isSuspended } },
        { token: owner.data.signIn.tokens.accessToken },
      )
      expect(errors).toBeUndefined()
    }
    const isThere = async ({ postId }: { postId: string }) =>
      (await test.ask('query ($id: ID!) { post(id: $id) { id } }', { id: postId })).data.post !== null
    await suspend(true)
    await until(() => isThere(other), 20_000)
    expect(await isThere(suspended)).toBe(false)
    await suspend(false)
    await until(() => isThere(suspended), 20_000)
  }, 60_000)

  it('has the owner that the configuration names', async () => {
    const { data, errors } = await ask(test.url, 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { user { role } } } }', {
      input: { login: 'owner@example.com', password: 'a quarry of ones own' },
    })
    expect(errors).toBeUndefined()
    expect(data.signIn.viewer.user.role).toBe('ADMIN')
  })

  it('cuts what the token of a demoted ADMIN may do, and goes on knowing whose it is', async () => {
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } tokens { accessToken } } }'
    const signedIn = async (login: string, password: string) => {
      const { viewer, tokens } = (await test.ask(signIn, { input: { login, password } })).data.signIn
      return { id: viewer.id as string, token: tokens.accessToken as string }
    }
    const owner = await signedIn('owner@example.com', 'a quarry of ones own')
    await signUp(test.url, 'grace')
    const setRole = (userId: string, role: string) =>
      test.ask('mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }', { input: { userId, role } }, owner)
    await setRole((await signedIn('grace', 'a good password of grace')).id, 'ADMIN')
    const grace = await signedIn('grace', 'a good password of grace')
    const write = () => test.ask('mutation { setAllowedClients(input: { clients: [] }) { allowedClients } }', {}, grace)
    expect((await write()).errors).toBeUndefined()
    expect((await setRole(grace.id, 'USER')).errors).toBeUndefined()
    await until(async () => (await write()).errors?.[0]?.extensions?.code === 'FORBIDDEN')
    expect((await test.ask('{ viewer { id scopes } }', {}, grace)).data).toEqual({ viewer: { id: grace.id, scopes: ['own'] } })
  })
})
