import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Asking } from '@ashlar/kit/caller'
import { GATEWAY, keysFor, readKeys } from '@ashlar/kit/internal-keys'
import { STATEMENT_HEADER, Statements } from '@ashlar/kit/statements'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { hasNats } from '@ashlar/kit/testing/nats-server'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { serviceNames } from '../src/subgraphs.js'
import { postgresOf, spawnApp } from './app/spawned-app.js'
import { ask, freePort, signUp } from './app/test-app.js'
import { startTestProcesses, type TestProcesses } from './app/test-processes.js'

const SET_ROLE = 'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }'
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } tokens { accessToken } } }'
const CREATE_KEY = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }'
const REVOKE_KEY = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename } }'
const SET_CLIENTS = 'mutation { setAllowedClients(input: { clients: [] }) { allowedClients } }'
const ADMIN_ONLY = '{ allowedClients }'
const WHO = '{ viewer { id } }'

let house: TestProcesses
let owner: string
beforeAll(async () => {
  house = await startTestProcesses({ env: { OWNER_EMAIL: 'owner@example.com', OWNER_PASSWORD: 'a quarry of ones own' } })
  owner = (await signedIn('owner@example.com', 'a quarry of ones own')).token
}, 60_000)
afterAll(() => house.close())

async function done<Data>(query: string, variables: object, token?: string): Promise<Data> {
  const { data, errors } = await house.ask(query, variables, token ? { token } : {})
  if (errors) throw new Error(JSON.stringify(errors))
  return data as Data
}

async function signedIn(login: string, password: string): Promise<{ id: string; token: string }> {
  const { signIn } = await done<{ signIn: { viewer: { id: string }; tokens: { accessToken: string } } }>(SIGN_IN, {
    input: { login, password },
  })
  return { id: signIn.viewer.id, token: signIn.tokens.accessToken }
}

/** Somebody new, as the ADMIN that the owner has made of them. */
async function newAdmin(username: string): Promise<{ id: string; token: string }> {
  await signUp(house.url, username)
  const { id } = await signedIn(username, `a good password of ${username}`)
  await done(SET_ROLE, { input: { userId: id, role: 'ADMIN' } }, owner)
  return signedIn(username, `a good password of ${username}`)
}

const codeAt = async (url: string, query: string, token: string): Promise<unknown> =>
  (await ask(url, query, {}, { token })).errors?.[0]?.extensions?.code ?? 'none'

/** How long it takes from now until both gateways answer the credential with a code. */
async function timeUntil(code: string, query: string, token: string): Promise<number> {
  const since = performance.now()
  await Promise.all(house.urls.map((url) => until(async () => (await codeAt(url, query, token)) === code, 20_000)))
  return performance.now() - since
}

const taken = async (query: string, token: string) => {
  for (const url of house.urls) expect(await codeAt(url, query, token)).toBe('none')
}

/** What ends or is cut, each time anew, counted from the answer: a demotion, a sign-out, a key's revocation. */
async function endAll(name: string, limitMs: number) {
  const admin = await newAdmin(`${name}_demoted`)
  const key = await done<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
    CREATE_KEY,
    { input: { name: 'admin', scopes: ['users:admin', 'users:read'] } },
    admin.token,
  )
  const leaver = await newAdmin(`${name}_leaver`)
  const other = await done<typeof key>(CREATE_KEY, { input: { name: 'other', scopes: ['users:read'] } }, leaver.token)
  await taken(SET_CLIENTS, admin.token)
  await taken(SET_CLIENTS, key.createApiKey.secret)
  await taken(WHO, other.createApiKey.secret)

  const demotion = async () => {
    await done(SET_ROLE, { input: { userId: admin.id, role: 'USER' } }, owner)
    const [byToken, byKey] = await Promise.all([
      timeUntil('FORBIDDEN', SET_CLIENTS, admin.token),
      timeUntil('FORBIDDEN', SET_CLIENTS, key.createApiKey.secret),
    ])
    // Less is what the token opens, not whose it is.
    for (const url of house.urls) {
      const { data, errors } = await ask(url, '{ viewer { id scopes user { role } } }', {}, { token: admin.token })
      expect([data, errors]).toEqual([{ viewer: { id: admin.id, scopes: ['own'], user: { role: 'USER' } } }, undefined])
    }
    return { byToken, byKey }
  }
  const revocation = async () => {
    await done(REVOKE_KEY, { input: { apiKeyId: other.createApiKey.apiKey.id } }, leaver.token)
    const byRevocation = await timeUntil('UNAUTHENTICATED', WHO, other.createApiKey.secret)
    await done('mutation { signOut { __typename } }', {}, leaver.token)
    return { byRevocation, bySignOut: await timeUntil('UNAUTHENTICATED', ADMIN_ONLY, leaver.token) }
  }
  const times = Object.assign({}, ...(await Promise.all([demotion(), revocation()]))) as Record<string, number>
  expect(Object.entries(times).filter(([, ms]) => ms > limitMs)).toEqual([])
}

const overNats = hasNats ? it : it.skip
describe('what ends', () => {
  overNats(
    'is refused by both gateways within 1 s',
    async () => {
      expect(house.nats).toBe(true)
      await endAll('over_nats', 1_000)
    },
    60_000,
  )

  overNats.each([
    ['stands still', 'stopped', 'SIGSTOP'],
    ['is killed', 'killed', 'SIGKILL'],
  ] as const)(
    'is refused by both within 5 s while NATS %s',
    async (_, name, signal) => {
      const nats = Number(await readFile(join(house.dataDir, 'nats.pid'), 'utf8'))
      process.kill(nats, signal)
      try {
        await endAll(name, 5_000)
      } finally {
        if (signal === 'SIGSTOP') process.kill(nats, 'SIGCONT')
      }
    },
    60_000,
  )

  it('is refused by both within 5 s without a bus', async () => {
    await using bare = await startTestProcesses({
      nats: false,
      env: { OWNER_EMAIL: 'owner@example.com', OWNER_PASSWORD: 'a quarry of ones own' },
    })
    const [before, beforeOwner] = [house, owner]
    house = bare
    owner = (await signedIn('owner@example.com', 'a quarry of ones own')).token
    try {
      await endAll('without', 5_000)
    } finally {
      ;[house, owner] = [before, beforeOwner]
    }
  }, 90_000)
})

const everyone = [GATEWAY, ...serviceNames()]
const statementsOf = (sender: string) =>
  new Statements({ name: sender, keys: readKeys(keysFor(house.internalSecret, sender, everyone)) ?? new Map() })

describe.each(serviceNames())('the graph of %s by itself', (name) => {
  const other = serviceNames().find((each) => each !== name) ?? ''
  const stated = (body: string, { by = GATEWAY, audience = name, asking = askingAsNobody() as Asking | null } = {}) =>
    statementsOf(by).sign({ audience, door: '/graphql', body, asking })
  const post = async (body: string, statement?: string) => {
    const response = await fetch(`${house.serviceUrls.get(name)}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(statement && { [STATEMENT_HEADER]: statement }) },
      body,
    })
    return { status: response.status, answer: await response.json() }
  }
  const NOTHING = { status: 401, answer: { errors: [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })] } }
  const MUTATION: Readonly<Record<string, string>> = { users: 'mutation { signOut { __typename } }', posts: 'mutation { __typename }' }

  it.each([
    ['a query', '{ __typename }'],
    ['entities', '{ _entities(representations: []) { __typename } }'],
    ['the SDL', '{ _service { sdl } }'],
    ['a mutation', MUTATION[name] ?? '{ hello { text } }'],
  ])('is answered for a gateway, and without its statement nothing is: %s', async (_, query) => {
    const body = JSON.stringify({ query })
    expect(await post(body)).toEqual(NOTHING)
    expect(await post(body, stated(body, { by: other }))).toEqual(NOTHING)
    expect(await post(body, stated(body, { audience: other }))).toEqual(NOTHING)
    expect(await post(body, stated(body, { asking: null }))).toEqual(NOTHING)
    expect(await post(`${body} `, stated(body))).toEqual(NOTHING)
    const now = Date.now()
    jest.spyOn(Date, 'now').mockImplementation(() => now - 92_000)
    const expired = stated(body)
    jest.restoreAllMocks()
    expect(await post(body, expired)).toEqual(NOTHING)
    const statement = stated(body)
    expect((await post(body, statement)).status).toBe(200)
    if (query.startsWith('mutation')) expect(await post(body, statement)).toEqual(NOTHING)
  })
})

describe('a service that is killed', () => {
  it('costs its own fields, is said to have died, and serves again by itself', async () => {
    const posts = house.process('posts')
    process.kill(posts.pid ?? 0, 'SIGKILL')
    await until(async () => (await house.ask('{ hello { text } posts(first: 1) { totalCount } }')).errors !== undefined)
    const { data, errors } = await house.ask('{ hello { text } posts(first: 1) { totalCount } }')
    expect(data?.hello?.text).toBe('Hello, world!')
    if (errors) expect(errors[0]?.extensions?.code).toBe('SUBGRAPH_UNAVAILABLE')
    await until(async () => (await house.ask('{ posts(first: 1) { totalCount } }')).errors === undefined, 20_000)
    expect(house.output()).toContain('posts died (SIGKILL)')
    await until(() => house.output().includes('posts serves again'))
  }, 60_000)

  it('lets those who are signed in be known while the users service is away', async () => {
    const { token } = await signedIn('owner@example.com', 'a quarry of ones own')
    await taken(WHO, token)
    const users = house.process('users')
    process.kill(users.pid ?? 0, 'SIGKILL')
    for (const url of house.urls) {
      const { status, data } = await ask(url, '{ viewer { id } hello { text } }', {}, { token })
      expect(status).toBe(200)
      expect(data.viewer.id).toMatch(/^user_/)
      expect(data.hello.text).toBe('Hello, world!')
    }
    await until(async () => (await house.ask('{ viewer { email } }', {}, { token })).errors === undefined, 20_000)
  }, 60_000)
})

describe('npm run start:distributed', () => {
  let dataDir: string
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  })
  afterEach(() => rm(dataDir, { recursive: true, force: true }))

  /** Every process that was started on the data folder or serves it. */
  const left = async (pids: readonly number[]) => [...pids.filter(isRunning), ...(await postgresOf(dataDir))]

  async function start() {
    const port = await freePair()
    const app = await spawnApp({ dataDir, port, main: 'distributed-main' })
    const pids = [...app.output().matchAll(/\((\d+)\)/g)].map(([, pid]) => Number(pid))
    expect(pids).toHaveLength(serviceNames().length + 2)
    return { app, pids, urls: [app.url, `http://127.0.0.1:${port + 1}`] }
  }

  it('starts all with a PostgreSQL of its own, says how to become the owner, and leaves nothing behind', async () => {
    const { app, pids, urls } = await start()
    for (const url of urls) expect((await ask(url, '{ hello { text } posts(first: 1) { totalCount } }')).errors).toBeUndefined()
    const token = /#(?:token=)?([\w-]+)\s*$/m.exec(app.output())?.[1]
    const claim = 'mutation ($input: ClaimOwnershipInput!) { claimOwnership(input: $input) { viewer { user { role } } } }'
    const input = { token, username: 'owner', email: 'owner@example.com', password: 'the password of the owner' }
    expect((await ask(urls[1] ?? '', claim, { input })).data.claimOwnership.viewer.user.role).toBe('ADMIN')
    expect(await app.stop()).toBe(0)
    expect(await left(pids)).toEqual([])
  }, 90_000)

  it('takes its processes with it when it is killed', async () => {
    const { app, pids } = await start()
    await app.kill()
    await until(() => !pids.some(isRunning), 20_000)
    const again = await start()
    expect(await again.app.stop()).toBe(0)
    expect(await left(again.pids)).toEqual([])
  }, 90_000)
})

/** A port that is free now, as is the next one: each gateway takes its own. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (await isFree(port + 1)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
