import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { openDoors } from '@ashlar/kit/doors'
import { DoorClient } from '@ashlar/kit/doors-client'
import { memoryBus } from '@ashlar/kit/events/bus'
import { EventLog } from '@ashlar/kit/events/event-log'
import { encodeId } from '@ashlar/kit/ids'
import { GATEWAY, keysFor, readKeys } from '@ashlar/kit/internal-keys'
import { silentLog } from '@ashlar/kit/log'
import { Statements } from '@ashlar/kit/statements'
import { until } from '@ashlar/kit/testing/until'
import { UsedNumbers } from '@ashlar/kit/used-numbers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Identities } from '../src/identities.js'
import { remoteIdentities } from '../src/remote-identities.js'
import { type Instance, passSeconds, startInstance, type Tokens } from './instance.js'

const SECRET = randomBytes(32)
const statementsOf = (name: string) =>
  new Statements({ name, keys: readKeys(keysFor(SECRET, name, [GATEWAY, 'users', 'chat'])) ?? new Map() })

let instance: Instance
let events: EventLog
let server: FastifyInstance
let door: DoorClient
let gateway: Identities
const bus = memoryBus()
let away = false

beforeAll(async () => {
  instance = await startInstance()
  events = new EventLog(instance.database.service('users'), bus, silentLog())
  server = Fastify({ forceCloseConnections: true })
  server.addHook('onRequest', async (_request, reply) => (away ? reply.code(503).send() : undefined))
  openDoors(server, {
    subgraph: instance.subgraph,
    events,
    statements: statementsOf('users'),
    numbers: new UsedNumbers(instance.database.service('users'), silentLog()),
    log: silentLog(),
    isReady: () => true,
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
  door = doorAs(GATEWAY)
  gateway = remoteIdentities({ door, bus, issuer: instance.config.publicUrl.origin, log: silentLog() })
})
afterEach(() => {
  away = false
})
afterAll(async () => {
  await gateway.close()
  for (const client of clients) await client.close()
  await server.close()
  await events.close()
  await instance.close()
})

const clients: DoorClient[] = []
function doorAs(name: string): DoorClient {
  const { port } = server.server.address() as AddressInfo
  const client = new DoorClient({ audience: 'users', url: new URL(`http://127.0.0.1:${port}`), statements: statementsOf(name) })
  clients.push(client)
  return client
}

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  )
const codeFor = (credential: string) => codeOf(gateway.authenticate(`Bearer ${credential}`))

describe('a gateway that is a process of its own', () => {
  it('knows whose a token or a key is, and refuses what is none', async () => {
    const ada = await instance.signUp('ada')
    expect(await gateway.authenticate(undefined)).toBeNull()
    expect(await gateway.authenticate(`Bearer ${ada.tokens.accessToken}`)).toEqual(ada.identity)
    const { secret } = await instance.field<{ secret: string }>(
      'createApiKey',
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
      { input: { name: 'k', scopes: ['posts:read'] } },
      ada.asking,
    )
    expect(await gateway.authenticate(`Bearer ${secret}`)).toMatchObject({
      userId: ada.identity.userId,
      credential: 'key',
      scopes: ['posts:read'],
    })
    for (const wrong of ['nonsense', `${secret}x`, `${ada.tokens.accessToken.slice(0, -4)}AAAA`, 'a.b.c'])
      expect(await codeFor(wrong)).toBe('UNAUTHENTICATED')
  })

  it("hears of a key's new secret, though it knew the one before", async () => {
    const ada = await instance.signUp('renewer')
    const create = async () =>
      instance.field<{ secret: string }>(
        'createApiKey',
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
        { input: { name: 'k', scopes: ['posts:read'], idempotencyKey: 'the same' } },
        ada.asking,
      )
    const first = await create()
    expect(await codeFor(first.secret)).toBe('none')
    const second = await create()
    await until(async () => {
      await events.look()
      return (await codeFor(first.secret)) === 'UNAUTHENTICATED'
    }, 3_500)
    expect(await codeFor(second.secret)).toBe('none')
  })

  it('refuses what has ended, also what ended before it began', async () => {
    const grace = await instance.signUp('grace')
    const later = remoteIdentities({ door: doorAs(GATEWAY), bus, issuer: instance.config.publicUrl.origin, log: silentLog() })
    expect(await codeFor(grace.tokens.accessToken)).toBe('none')
    await instance.data('mutation { signOut { __typename } }', {}, grace.asking)
    await until(async () => {
      await events.look()
      return (await codeFor(grace.tokens.accessToken)) === 'UNAUTHENTICATED'
    })
    const newest = remoteIdentities({ door: doorAs(GATEWAY), bus: memoryBus(), issuer: instance.config.publicUrl.origin, log: silentLog() })
    expect(await codeOf(newest.authenticate(`Bearer ${grace.tokens.accessToken}`))).toBe('UNAUTHENTICATED')
    await newest.close()
    await later.close()
  })

  it('cuts tokens and keys to another role, also where it changed before the gateway began', async () => {
    const person = await instance.signUp('demoted')
    const asAdmin = await instance.withRole(person, 'ADMIN')
    const { data } = await instance.signIn('demoted')
    const { tokens } = (data as { signIn: { tokens: Tokens } }).signIn
    const { secret } = await instance.field<{ secret: string }>(
      'createApiKey',
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
      { input: { name: 'k', scopes: ['users:admin', 'posts:read'] } },
      asAdmin,
    )
    const scopes = async (credential: string, by = gateway) => (await by.authenticate(`Bearer ${credential}`))?.scopes
    expect(await scopes(tokens.accessToken)).toContain('users:admin')
    expect(await scopes(secret)).toEqual(['users:admin', 'posts:read'])
    const owner = await instance.withRole(await instance.signUp('boss'), 'ADMIN')
    await instance.data(
      'mutation ($input: SetUserRoleInput!) { setUserRole(input: $input) { user { role } } }',
      { input: { userId: encodeId('user', person.id), role: 'MODERATOR' } },
      owner,
    )
    const moderator = ['own', 'comments:moderate', 'posts:moderate', 'tags:moderate']
    await until(async () => {
      await events.look()
      return !(await scopes(tokens.accessToken))?.includes('users:admin')
    }, 3_500)
    expect((await gateway.authenticate(`Bearer ${tokens.accessToken}`))?.role).toBe('MODERATOR')
    expect(await scopes(tokens.accessToken)).toEqual(moderator)
    expect(await scopes(secret)).toEqual(['posts:read'])
    const newest = remoteIdentities({ door: doorAs(GATEWAY), bus: memoryBus(), issuer: instance.config.publicUrl.origin, log: silentLog() })
    expect(await scopes(tokens.accessToken, newest)).toEqual(moderator)
    await newest.close()
  })

  it('goes on knowing people while the service is away, and says after 30 s that no credential may write', async () => {
    const edsger = await instance.signUp('edsger')
    expect(await codeFor(edsger.tokens.accessToken)).toBe('none')
    expect(gateway.isCurrent()).toBe(true)
    away = true
    expect(await codeFor(edsger.tokens.accessToken)).toBe('none')
    expect(await codeFor('ashlar_unknown')).toBe('SUBGRAPH_UNAVAILABLE')
    passSeconds(31)
    expect(gateway.isCurrent()).toBe(false)
    expect(await codeFor(edsger.tokens.accessToken)).toBe('none')
    away = false
    bus.publish({ service: 'users', topics: [], head: 0 })
    await until(() => gateway.isCurrent())
  })

  it('can tell nothing before the service was there once', async () => {
    away = true
    const early = remoteIdentities({ door: doorAs(GATEWAY), bus, issuer: instance.config.publicUrl.origin, log: silentLog() })
    const { tokens } = await instance.signUp('barbara')
    expect(await codeOf(early.authenticate(`Bearer ${tokens.accessToken}`))).toBe('SUBGRAPH_UNAVAILABLE')
    expect(early.isCurrent()).toBe(false)
    away = false
    expect(await codeOf(early.authenticate(`Bearer ${tokens.accessToken}`))).toBe('none')
    await early.close()
  })
})

describe('who may be reached', () => {
  const block = (by: { asking: Parameters<Instance['data']>[2] }, userId: string) =>
    instance.data(
      'mutation ($input: BlockUserInput!) { blockUser(input: $input) { __typename } }',
      { input: { userId: encodeId('user', userId) } },
      by.asking,
    )

  it('is whoever is there, is not suspended, and has no block in either direction', async () => {
    const [ada, blocked, blocker, suspended, other] = [
      await instance.signUp('reach_ada'),
      await instance.signUp('reach_blocked'),
      await instance.signUp('reach_blocker'),
      await instance.signUp('reach_suspended'),
      await instance.signUp('reach_other'),
    ]
    await block(ada, blocked.identity.userId)
    await block(blocker, ada.identity.userId)
    await instance.database.admin.query('update users.account set suspended_at = now() where id = $1', [suspended.identity.userId])
    const nobody = '01900000-0000-7000-8000-000000000000'
    const ids = [ada, blocked, blocker, suspended, other].map(({ identity }) => identity.userId)
    const reachable = (callerId: string) =>
      doorAs('chat').call<string[]>('/doors/reachable', { callerId, userIds: [...ids, nobody, ...ids] })
    expect((await reachable(ada.identity.userId)).sort()).toEqual([ada.identity.userId, other.identity.userId].sort())
    expect(await reachable(other.identity.userId)).toHaveLength(4)
    expect(await reachable(suspended.identity.userId)).toEqual([])
    expect(await reachable(nobody)).toEqual([])
  })

  it.each([[null], [{}], [{ callerId: 'x', userIds: [] }], [{ callerId: '01900000-0000-7000-8000-000000000000', userIds: ['x'] }]])(
    'is not asked for nonsense: %j',
    async (input) => {
      expect(await codeOf(doorAs('chat').call('/doors/reachable', input))).toBe('BAD_USER_INPUT')
    },
  )
})
