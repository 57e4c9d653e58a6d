import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startDatabase } from '@ashlar/database/start'
import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Asking } from '../src/caller.js'
import { readServiceConfig } from '../src/config.js'
import type { Context } from '../src/context.js'
import { defineSubgraph } from '../src/define-subgraph.js'
import { openDeps } from '../src/deps.js'
import { decodeReply, REPLY_HEADER } from '../src/doors.js'
import { DoorClient, NotSent } from '../src/doors-client.js'
import { pageDoor } from '../src/doors-pages.js'
import { conflict } from '../src/errors.js'
import { memoryBus } from '../src/events/bus.js'
import { Consumer } from '../src/events/consumer.js'
import { remoteSource } from '../src/events/remote-source.js'
import { GATEWAY, keysFor, readKeys } from '../src/internal-keys.js'
import { silentLog } from '../src/log.js'
import { type RunningService, startService } from '../src/service-process.js'
import { SOCKET_BODY, STATEMENT_HEADER, Statements } from '../src/statements.js'
import { askingAs, askingAsNobody } from '../src/testing/callers.js'
import { readExposition } from '../src/testing/exposition.js'
import { freePort } from '../src/testing/nats-server.js'
import { until } from '../src/testing/until.js'

const SECRET = randomBytes(32)
const SECRET_KEY = randomBytes(32)
const METRICS_TOKEN = randomBytes(32).toString('base64')
const EVERYONE = [GATEWAY, 'things', 'users', 'tags']
const statementsOf = (name: string, secret = SECRET) =>
  new Statements({ name, keys: readKeys(keysFor(secret, name, EVERYONE)) ?? new Map() })

const SCHEMA = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { whoAmI: String thing(id: ID!): Thing slow: String }
  type Mutation { count: Int signIn: Boolean }
  type Subscription { who: String }
  type Thing @key(fields: "id") { id: ID! }
`

let counted = 0
let release = () => {}
const initial = release
const told = ({ caller }: Context) => `${caller.userId ?? 'nobody'} from ${caller.request.clientAddress}`

let folder: string
let database: TestDatabase
let service: RunningService
const clients: DoorClient[] = []

/** The service's doors as another process has them. */
function doorsAs(statements: Statements, url = service.url): DoorClient {
  const client = new DoorClient({ audience: 'things', url: new URL(url), statements })
  clients.push(client)
  return client
}

const configOf = (env: Readonly<Record<string, string>> = {}) =>
  readServiceConfig(
    {
      LOG_LEVEL: 'silent',
      DATABASE_URL: database.url,
      DATA_DIR: folder,
      SECRET_KEY: SECRET_KEY.toString('base64'),
      INTERNAL_KEYS: keysFor(SECRET, 'things', EVERYONE),
      ...env,
    },
    'things',
  )

async function start(): Promise<RunningService> {
  const definition = defineSubgraph({
    name: 'things',
    schema: pathToFileURL(join(folder, 'schema.graphql')),
    resolvers: {
      Query: {
        whoAmI: (_: unknown, __: unknown, context: Context) => told(context),
        thing: (_: unknown, thing: object) => thing,
        slow: () =>
          new Promise<string>((resolve) => {
            release = () => resolve('done')
          }),
      },
      Mutation: {
        count: () => {
          counted += 1
          return counted
        },
        signIn: (_: unknown, __: unknown, { caller }: Context) => {
          caller.reply.refreshCookie = { value: 'a refresh token', expiresAt: new Date('2030-01-01T00:00:00Z') }
          return true
        },
      },
      Subscription: {
        who: {
          subscribe: async function* (_: unknown, __: unknown, context: Context) {
            yield { who: told(context) }
          },
        },
      },
      Thing: { __resolveReference: (thing: object) => thing },
    },
    services: () => null,
    loaders: () => null,
    doors: () => ({
      double: async (input) => 2 * Number(input),
      refuse: async () => {
        throw conflict({ field: 'name' })
      },
      fail: async () => {
        throw new Error('the password of 10.1.2.3 is wrong')
      },
    }),
    routes: () => async (fastify) => {
      fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => done(null, body))
      fastify.setErrorHandler((_error, _request, reply) => reply.code(500).type('text/html').send('<h1>a page of an error</h1>'))
      fastify.get('/page/:name', async ({ params, ip }) => `${JSON.stringify(params)} for ${ip}`)
      fastify.post('/page/:name', async ({ body, headers }) => `${body} at ${headers.host}`)
    },
  })
  const config = configOf({ PORT: String(await freePort()), METRICS_TOKEN })
  return startService(definition, config, silentLog())
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  await writeFile(join(folder, 'schema.graphql'), SCHEMA)
  database = await startTestDatabase({ services: [] })
  service = await start()
})
afterEach(async () => {
  jest.restoreAllMocks()
  for (const client of clients.splice(0)) await client.close()
})
afterAll(async () => {
  await service.close()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

const gateway = statementsOf(GATEWAY)
const users = statementsOf('users')
const ada = askingAs({ request: { clientAddress: '203.0.113.7' } })

const post = (door: string, body: string, statement?: string) =>
  fetch(`${service.url}${door}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(statement !== undefined && { [STATEMENT_HEADER]: statement }) },
    body,
  })
const operation = (query: string) => JSON.stringify({ query })
const WHO = operation('{ whoAmI }')
const stated = (body: string, { by = gateway, door = '/graphql', asking = ada as Asking | null, audience = 'things' } = {}) =>
  by.sign({ audience, door, body, asking })

/** Nothing but that there is no answer. */
async function expectNothing(response: Response) {
  expect(response.status).toBe(401)
  expect(await response.json()).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] })
}

describe('the graph of a service that is a process of its own', () => {
  it('is answered as whoever the gateway says, from where they came', async () => {
    const response = await post('/graphql', WHO, stated(WHO))
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ data: { whoAmI: `${ada.identity?.userId} from 203.0.113.7` } })
    expect(await (await post('/graphql', WHO, stated(WHO, { asking: askingAsNobody() }))).json()).toEqual({
      data: { whoAmI: 'nobody from 127.0.0.1' },
    })
  })

  const ENTITIES = JSON.stringify({
    query: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { id } } }',
    variables: { r: [{ __typename: 'Thing', id: '1' }] },
  })
  const bodies = [
    ['a query', WHO],
    ['entities', ENTITIES],
    ['the SDL', operation('{ _service { sdl } }')],
    ['introspection', operation('{ __schema { queryType { name } } }')],
    ['a mutation', operation('mutation { count }')],
    ['what is not even GraphQL', 'nonsense'],
  ] as const
  it.each(bodies)('answers nothing without a statement, or with a wrong one: %s', async (_, body) => {
    const before = counted
    await expectNothing(await post('/graphql', body))
    await expectNothing(await post('/graphql', body, ''))
    await expectNothing(await post('/graphql', body, 'x.y.z'))
    // Another service's key, though it is a built-in one; the system, which jobs act as; another secret; another audience, door or body.
    await expectNothing(await post('/graphql', body, stated(body, { by: users })))
    await expectNothing(await post('/graphql', body, stated(body, { asking: null })))
    await expectNothing(await post('/graphql', body, stated(body, { by: users, asking: null })))
    await expectNothing(await post('/graphql', body, stated(body, { by: statementsOf(GATEWAY, randomBytes(32)) })))
    await expectNothing(await post('/graphql', body, stated(body, { audience: 'users' })))
    await expectNothing(await post('/graphql', body, stated(body, { door: '/log/read' })))
    await expectNothing(await post('/graphql', `${body} `, stated(body)))
    const old = stated(body)
    const later = Date.now() + 92_000
    jest.spyOn(Date, 'now').mockImplementation(() => later)
    await expectNothing(await post('/graphql', body, old))
    expect(counted).toBe(before)
  })

  it('carries a mutation out once, however often it comes', async () => {
    const body = operation('mutation { count }')
    const statement = stated(body)
    const before = counted
    const responses = await Promise.all([1, 2, 3].map(() => post('/graphql', body, statement)))
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 401, 401])
    expect(counted).toBe(before + 1)
    expect((await post('/graphql', body, stated(body))).status).toBe(200)
    expect((await post('/graphql', WHO, stated(WHO))).status).toBe(200)
  })

  it('sends the cookie of a sign-in along, for the public door', async () => {
    const body = operation('mutation { signIn }')
    const { headers } = await post('/graphql', body, stated(body))
    expect(decodeReply(headers.get(REPLY_HEADER) ?? undefined)).toEqual({
      value: 'a refresh token',
      expiresAt: new Date('2030-01-01T00:00:00Z'),
    })
  })

  it.each(['nonsense', '[]', '{}', '{"query":5}', '{"query":"{ whoAmI }","variables":[]}'])(
    'refuses what is no operation: %s',
    async (body) => {
      const response = await post('/graphql', body, stated(body))
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({
        errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) })],
      })
    },
  )

  it('is subscribed to with a statement in connection_init', async () => {
    const connect = (statement: unknown) =>
      createClient({
        url: `${service.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        lazy: true,
        connectionParams: { statement },
      })
    const follow = async (statement: unknown) => {
      const client = connect(statement)
      try {
        const answers = []
        for await (const answer of client.iterate({ query: 'subscription { who }' })) answers.push(answer)
        return answers
      } finally {
        await client.dispose()
      }
    }
    expect(await follow(stated(SOCKET_BODY))).toEqual([{ data: { who: `${ada.identity?.userId} from 203.0.113.7` } }])
    for (const wrong of [undefined, 5, 'x.y', stated(WHO), stated(SOCKET_BODY, { by: users }), stated(SOCKET_BODY, { asking: null })])
      await expect(follow(wrong)).rejects.toMatchObject({ code: 4403 })
  })
})

describe('the doors between services', () => {
  it('answer the system, and say what is wrong in the closed list of errors', async () => {
    const doors = doorsAs(users)
    expect(await doors.call('/doors/double', 21)).toBe(42)
    await expect(doors.call('/doors/refuse', null)).rejects.toMatchObject({ code: 'CONFLICT', extensions: { field: 'name' } })
    await expect(doors.call('/doors/fail', null)).rejects.toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE' })
    await expect(doors.call('/doors/none', null)).rejects.toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE' })
  })

  it.each(['/doors/double', '/log/ends', '/log/read', '/log/passed'])('answer nobody else: %s', async (door) => {
    await expectNothing(await post(door, '1'))
    await expectNothing(await post(door, '1', stated('1', { door })))
    await expectNothing(await post(door, '1', stated('1', { door, asking: askingAsNobody(), by: users })))
    await expectNothing(await post(door, '1', stated('1', { door: '/doors/fail', asking: null, by: users })))
    await expectNothing(await post(door, '2', stated('1', { door, asking: null, by: users })))
    await expectNothing(await post(door, '1', stated('1', { door, asking: null, by: statementsOf('users', randomBytes(32)) })))
  })

  it('give a consumer in another process all events of the log, once, in order', async () => {
    // One process writes, on the same database, and another one reads by the door alone.
    const { secretKey: secret, databaseUrl, dataDir } = configOf()
    await using written = await startDatabase({ dataDir, databaseUrl, secret, services: ['things'], log: silentLog() })
    const db = written.service('things')
    const deps = openDeps({ db, config: configOf(), log: silentLog() })
    const append = (n: number) => db.sqlTransaction((sql) => deps.events.append(sql, { topic: `t${n % 3}`, type: 'counted', data: { n } }))
    for (let n = 0; n < 150; n += 1) await append(n)
    await deps.events.settle()
    const seen: unknown[] = []
    const consumer = new Consumer(
      {
        name: 'tags.of-things',
        source: remoteSource(doorsAs(statementsOf('tags')), memoryBus()),
        from: 'beginning',
        handle: async ({ data, at }) => {
          expect(at).toBeInstanceOf(Date)
          seen.push(data.n)
        },
      },
      db,
      silentLog(),
    )
    consumer.start()
    await until(() => seen.length >= 150)
    expect(seen).toEqual(Array.from({ length: 150 }, (_, n) => n))
    await until(async () => (await db.query('select from log_reader where name = $1 and position = 150', ['tags.of-things'])).length === 1)
    await consumer.stop()
    await deps.close()
  })

  it("take no service's word for another's consumer, and STALE_CURSOR goes through", async () => {
    const source = remoteSource(doorsAs(users), memoryBus())
    await expect(source.passed('tags.of-things', 1)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
    const { last } = await source.ends()
    await expect(source.read({ ...last, epoch: '0123456789ab' }, null, 10)).rejects.toMatchObject({ code: 'STALE_CURSOR' })
    await expect(source.read(last, null, 1_000_000)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})

describe('pages of a service', () => {
  const show = (
    by: Statements,
    method: 'GET' | 'POST',
    url: string,
    body = '',
    asking: Asking | null = askingAsNobody({ clientAddress: '203.0.113.9' }),
  ) =>
    fetch(`${service.url}${url}`, {
      method,
      headers: {
        [STATEMENT_HEADER]: by.sign({ audience: 'things', door: pageDoor(method, url), body, asking }),
        'x-forwarded-for': '203.0.113.9',
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...(method === 'POST' && { body }),
    })

  it('are shown through a gateway, to the address that it states', async () => {
    expect(await doorsAs(gateway).call('/doors/pages', {})).toEqual(
      expect.arrayContaining([
        { method: 'GET', url: '/page/:name' },
        { method: 'POST', url: '/page/:name' },
      ]),
    )
    expect(await (await show(gateway, 'GET', '/page/one?a=1')).text()).toBe('{"name":"one"} for 203.0.113.9')
    expect(await (await show(gateway, 'POST', '/page/one', 'a=1')).text()).toContain('a=1 at ')
  })

  it('are shown to nobody else', async () => {
    await expectNothing(await fetch(`${service.url}/page/one`))
    await expectNothing(await fetch(`${service.url}/page/one`, { method: 'POST', body: 'a=1' }))
    await expectNothing(await show(users, 'GET', '/page/one'))
    await expectNothing(await show(gateway, 'GET', '/page/one', '', null))
    await expectNothing(await show(gateway, 'GET', '/page/one', '', askingAsNobody({ clientAddress: '203.0.113.10' })))
  })
})

describe('the process', () => {
  it('says that it lives and is ready to anybody', async () => {
    expect((await fetch(`${service.url}/livez`)).status).toBe(200)
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
  })

  it('tells who bears the token for it how it is, its sockets among that, and no gateway', async () => {
    const scrape = (headers: Record<string, string>) => fetch(`${service.url}/metrics`, { headers })
    expect((await scrape({})).status).toBe(401)
    expect((await scrape({ [STATEMENT_HEADER]: stated('', { door: 'GET /metrics' }) })).status).toBe(401)
    const told = async () => readExposition(await (await scrape({ authorization: `Bearer ${METRICS_TOKEN}` })).text())
    const before = await told()
    for (const name of ['ashlar_sockets', 'ashlar_subscriptions', 'ashlar_sockets_too_slow_total'])
      expect(before.value(name, { service: 'things' })).toBe(0)
    expect(before.value('ashlar_database_up', { service: 'things' })).toBe(1)
    // There is no bus here that could be away.
    expect(before.value('ashlar_bus_connected')).toBeUndefined()

    const client = createClient({
      url: `${service.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      lazy: false,
      connectionParams: { statement: stated(SOCKET_BODY) },
    })
    await until(async () => (await told()).value('ashlar_sockets', { service: 'things' }) === 1)
    await client.dispose()
    await until(async () => (await told()).value('ashlar_sockets', { service: 'things' }) === 0)
  })

  it('finishes what was asked when it stops, and then can not be reached', async () => {
    const other = await start()
    const body = operation('{ slow }')
    const client = doorsAs(gateway, other.url)
    const answer = client.send({ door: '/graphql', body, asking: ada, limitMs: 10_000 })
    await until(() => release !== initial)
    const closed = other.close()
    release()
    expect(String((await answer).body)).toBe('{"data":{"slow":"done"}}')
    await closed
    await expect(client.send({ door: '/graphql', body: WHO, asking: ada, limitMs: 1_000 })).rejects.toBeInstanceOf(NotSent)
  })
})
