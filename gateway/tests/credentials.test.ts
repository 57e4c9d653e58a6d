import { subgraphUnavailable } from '@ashlar/kit/errors'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { AS_USER, codesOf, EXPIRED, IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { town, uuidOf } from './support/town.js'

const { all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  reset()
  running.lines.length = 0
})

const callsOfAll = () => all.flatMap(({ calls }) => calls)
const whoAmI = async (headers: object) => JSON.parse((await running.ask('{ whoAmI }', {}, headers as never)).json.data?.whoAmI)

describe('a token that has ended, or never was one', () => {
  it.each([
    '{ __typename }',
    '{ whoAmI }',
    '{ viewer { id } }',
    '{ __schema { queryType { name } } }',
    'mutation { signOut }',
    'mutation { signUp(username: "a") { token } }',
    'mutation { signIn(login: "a") { token } signUp(username: "a") { token } }',
    'mutation { signIn(login: "a") { token } ...More } fragment More on Mutation { ... { signOut } }',
    'mutation { ... @include(if: false) { signOut } signIn(login: "a") { token } }',
    'query A { whoAmI } mutation B { signIn(login: "a") { token } }',
    'subscription { postEvents { id } }',
  ])('fails the whole request before anything runs: %s', async (query) => {
    const answer = await running.ask(query, {}, EXPIRED)
    expect(answer.status).toBe(401)
    expect(answer.json).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] })
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    expect(callsOfAll()).toHaveLength(0)
  })

  it.each([
    'mutation { signIn(login: "a") { token } }',
    'mutation { a: signIn(login: "a") { token } refreshSession { token } __typename }',
    'mutation { ...In } fragment In on Mutation { ... on Mutation { signIn(login: "a") { token } } ...Again } fragment Again on Mutation { refreshSession { token } }',
  ])('does not keep anybody from signing in: %s', async (query) => {
    const answer = await running.ask(query, {}, EXPIRED)
    expect(answer.status).toBe(200)
    expect(answer.json.errors).toBeUndefined()
    expect(callsOfAll().map(({ asking }) => asking.identity)).toEqual(callsOfAll().map(() => null))
  })

  it('is no matter of which operation of several is meant', async () => {
    const body = { query: 'query A { whoAmI } mutation B { signIn(login: "a") { token } }', operationName: 'B' }
    const headers = { 'content-type': 'application/json', ...EXPIRED }
    expect((await running.send({ method: 'POST', headers, body: JSON.stringify(body) })).status).toBe(200)
    expect((await running.send({ method: 'POST', headers, body: JSON.stringify({ ...body, operationName: 'A' }) })).status).toBe(401)
  })

  it('fails a GET in the same way', async () => {
    expect(
      (await running.send({ path: '/graphql?query=%7B__typename%7D', headers: { ...EXPIRED, 'apollo-require-preflight': '1' } })).status,
    ).toBe(401)
  })

  it('takes no time to look through fragments that spread each other', async () => {
    const fragments = Array.from({ length: 60 }, (_, n) => `fragment F${n} on Mutation { ...F${n + 1} ...F${n + 1} }`).join(' ')
    const started = performance.now()
    const answer = await running.ask(
      `mutation { ...F0 } ${fragments} fragment F60 on Mutation { signIn(login: "a") { token } }`,
      {},
      EXPIRED,
    )
    expect(answer.status).toBeLessThan(500)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('a credential that can not be checked', () => {
  it('is masked and logged once, and nothing runs', async () => {
    const answer = await running.ask('{ whoAmI }', {}, { authorization: 'Bearer broken' })
    expect(answer.status).toBe(500)
    const errorId = answer.json.errors?.[0]?.extensions?.errorId
    expect(answer.json.errors?.[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) })
    expect(answer.text).not.toContain('10.1.2.3')
    expect(running.lines.map((line) => line.errorId)).toEqual([errorId])
    expect(callsOfAll()).toHaveLength(0)
  })

  it('for want of a database is said to be so', async () => {
    const authenticate = async () => {
      throw subgraphUnavailable({ retryAfterSeconds: 5 })
    }
    await using without = await startGateway({ subgraphs: all, authenticate })
    const answer = await without.ask('{ whoAmI }', {}, AS_USER)
    expect({ status: answer.status, codes: codesOf(answer), retry: answer.headers['retry-after'] }).toEqual({
      status: 503,
      codes: ['SUBGRAPH_UNAVAILABLE'],
      retry: '5',
    })
  })
})

describe('who asks', () => {
  it('is nobody without a credential', async () => {
    expect(await whoAmI({})).toMatchObject({ userId: null, scopes: [] })
  })

  it('reaches each service as it was verified, and its token does not', async () => {
    await running.ask('{ whoAmI posts { totalCount } }', {}, AS_USER)
    expect(callsOfAll().map(({ asking }) => asking.identity)).toEqual([IDENTITY, IDENTITY])
    expect(JSON.stringify(callsOfAll())).not.toContain('good')
  })

  it.each([
    [undefined, ['own', 'posts:moderate']],
    ['', []],
    ['own', ['own']],
    ['posts:read', ['posts:read']],
    ['posts:write users:read', ['posts:write', 'users:read']],
    ['posts:moderate,posts:read', ['posts:moderate', 'posts:read']],
    ['users:admin', []],
    ['posts:read posts:read own own', ['posts:read', 'own']],
    ['services:read notes:read registry:read', []],
    ['posts:read:more :read posts: POSTS:READ __proto__ *', []],
  ])('may do no more than Ashlar-Scopes says: %j', async (header, scopes) => {
    expect((await whoAmI({ ...AS_USER, ...(header !== undefined && { 'ashlar-scopes': header }) })).scopes).toEqual(scopes)
  })

  it('may not be given by a key what the key has not', async () => {
    const authenticate = async () => ({ ...IDENTITY, userId: uuidOf(2), credential: 'key' as const, scopes: ['posts:write'] })
    await using keyed = await startGateway({ subgraphs: all, authenticate })
    const scopesWith = async (scopes: string) =>
      JSON.parse((await keyed.ask('{ whoAmI }', {}, { 'ashlar-scopes': scopes })).json.data?.whoAmI).scopes
    expect(await scopesWith('posts:read posts:write users:read own')).toEqual(['posts:read', 'posts:write'])
  })
})
