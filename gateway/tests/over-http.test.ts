import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { DoorClient } from '@ashlar/kit/doors-client'
import { subgraphUnavailable } from '@ashlar/kit/errors'
import { GATEWAY, keysFor, readKeys } from '@ashlar/kit/internal-keys'
import { silentLog } from '@ashlar/kit/log'
import { STATEMENT_HEADER, Statements } from '@ashlar/kit/statements'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { overHttp } from '../src/data-sources/http.js'
import { HANDED_BACK_HEADER, NODES_DOOR, nodesDoor } from '../src/http/nodes-door.js'
import { AS_USER, codesOf, IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { postId, town, userId } from './support/town.js'

const SECRET = randomBytes(32)
const NAMES = [GATEWAY, 'users', 'posts', 'comments']
const statementsOf = (name: string, secret = SECRET) => new Statements({ name, keys: readKeys(keysFor(secret, name, NAMES)) ?? new Map() })

const { users, posts, all, reset } = town()
const servers = new Map<string, FastifyInstance>()
const clients: DoorClient[] = []
let running: Running
let mayWrite = true
/** What a service does instead of answering, by its name; the statements that reached it. */
const instead = new Map<string, (reply: FastifyReply) => unknown>()
const heard: Parameters<(typeof posts)['execute']>[1][] = []

/** A service of the town behind HTTP, as small as a process of its own can be. */
async function serve({ name, execute }: (typeof all)[number]): Promise<number> {
  const statements = statementsOf(name)
  const server = Fastify({ forceCloseConnections: true })
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
  server.post('/graphql', async (request, reply) => {
    const body = request.body as Buffer
    const header = request.headers[STATEMENT_HEADER]
    const { asking } = statements.verify({ header: typeof header === 'string' ? header : undefined, door: '/graphql', body })
    if (!asking) throw new Error('nobody asks as the system')
    heard.push(asking)
    const behaviour = instead.get(name)
    if (behaviour) return behaviour(reply)
    const answer = await execute(JSON.parse(String(body)), asking)
    const { refreshCookie } = asking.reply
    if (refreshCookie !== undefined) reply.header('ashlar-reply', Buffer.from(JSON.stringify(refreshCookie)).toString('base64url'))
    return answer
  })
  servers.set(name, server)
  await server.listen({ host: '127.0.0.1', port: 0 })
  return (server.server.address() as AddressInfo).port
}

beforeAll(async () => {
  const statements = statementsOf(GATEWAY)
  const ports = new Map<string, number>()
  for (const subgraph of all) ports.set(subgraph.name, await serve(subgraph))
  running = await startGateway({
    subgraphs: all.map(({ name, sdl }) => {
      const door = new DoorClient({ audience: name, url: new URL(`http://127.0.0.1:${ports.get(name)}`), statements })
      clients.push(door)
      const log = { error: (line: object) => running.lines.push(line as Record<string, unknown>) }
      return { name, sdl, source: overHttp({ door, signsIn: sdl.includes('@signsIn'), fetchMs: 300, log: log as never }) }
    }),
    mayWrite: () => mayWrite,
  })
  doors = Fastify({ forceCloseConnections: true })
  await doors.register(
    nodesDoor({
      nodes: (ids, asking) => running.gateway.nodes(ids, asking),
      statements,
      services: new Set(['users', 'posts', 'comments']),
      log: silentLog(),
    }),
  )
  await doors.listen({ host: '127.0.0.1', port: 0 })
})
let doors: FastifyInstance
afterAll(async () => {
  await doors.close()
  await running[Symbol.asyncDispose]()
  for (const client of clients) await client.close()
  for (const server of servers.values()) await server.close()
})
afterEach(async () => {
  reset()
  instead.clear()
  mayWrite = true
  // A service that has failed is asked again only after a while.
  await until(async () => (await running.ask('{ users { totalCount } posts { totalCount } }')).json.errors === undefined)
  reset()
  heard.length = 0
  running.lines.length = 0
})

const SCREEN = '{ posts(first: 2) { nodes { title author { username } comments { nodes { text } } } } }'
const WRITE = 'mutation { createPost(input: { title: "a" }) { id } }'
const destroying = (reply: FastifyReply) => {
  reply.hijack()
  reply.raw.destroy()
}
const hanging = () => new Promise(() => {})
const saying = (text: string) => (reply: FastifyReply) => reply.type('application/json').send(text)

describe('services behind HTTP', () => {
  it('answer a screen together, each told who asks', async () => {
    const { status, json } = await running.ask(SCREEN, {}, AS_USER)
    expect(status).toBe(200)
    expect(json.errors).toBeUndefined()
    expect(json.data?.posts.nodes).toHaveLength(2)
    expect(json.data?.posts.nodes[0]).toEqual({
      title: expect.any(String),
      author: { username: expect.any(String) },
      comments: { nodes: [{ text: 'well said' }] },
    })
    expect(new Set(heard.map(({ identity }) => identity?.userId))).toEqual(new Set([IDENTITY.userId]))
    expect(heard.every(({ request }) => request.clientAddress === '127.0.0.1')).toBe(true)
  })

  const failures: readonly (readonly [string, (reply: FastifyReply) => unknown])[] = [
    ['breaks the connection', destroying],
    ['hangs', hanging],
    ['refuses', (reply) => reply.code(401).send({ errors: [] })],
    ['fails', (reply) => reply.code(500).send('no')],
    ['answers what is no JSON', saying('<html>')],
    ['answers nothing', saying('')],
    ['answers null', saying('null')],
    ['answers garbage', saying('{"data":{"_entities":5}}')],
    [
      'answers for ever',
      (reply) => {
        reply.hijack()
        reply.raw.writeHead(200, { 'content-type': 'application/json' })
        reply.raw.write('{"data":')
      },
    ],
  ]
  it.each(failures)('cost their own fields and no more where one %s', async (_, behaviour) => {
    instead.set('users', behaviour)
    const response = await running.ask(SCREEN)
    expect(response.status).toBe(200)
    expect(response.json.data?.posts.nodes.map(({ author }: { author: null }) => author)).toEqual([null, null])
    expect(response.json.data?.posts.nodes[0].comments.nodes).toHaveLength(1)
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(response.text).not.toMatch(/127\.0\.0\.1|ECONN|UND_ERR|stacktrace/)
    expect(running.lines.filter(({ service }) => service === 'users')).toHaveLength(1)
  })

  it('are left alone for a while where one keeps failing, and then asked again, once for all who wait', async () => {
    let asked = 0
    instead.set('users', (reply) => {
      asked += 1
      return reply.code(500).send('no')
    })
    const codes = async () => codesOf(await running.ask('{ users { totalCount } }'))
    for (let n = 0; n < 5; n += 1) expect(await codes()).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(asked).toBe(5)
    await Promise.all(Array.from({ length: 20 }, codes))
    expect(asked).toBe(5)
    await until(async () => {
      await Promise.all([codes(), codes(), codes()])
      return asked > 5
    })
    expect(asked).toBe(6)
  })

  it('are asked once more for what only reads, where the connection breaks', async () => {
    let asked = 0
    instead.set('users', (reply) => {
      asked += 1
      if (asked > 1) return { data: { users: { totalCount: 7 } } }
      reply.hijack()
      reply.raw.destroy()
    })
    expect((await running.ask('{ users { totalCount } }')).json).toEqual({ data: { users: { totalCount: 7 } } })
    asked = 0
    instead.set('posts', (reply) => {
      asked += 1
      reply.hijack()
      reply.raw.destroy()
    })
    const written = await running.ask(WRITE)
    expect(written.json.errors?.[0]?.extensions).toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE', outcome: 'UNKNOWN' })
    expect(asked).toBe(1)
  })

  it('leave it open whether a write has happened only where it may have', async () => {
    for (const lost of [destroying, hanging]) {
      instead.set('posts', lost)
      const response = await running.ask(WRITE)
      expect(response.json.errors?.[0]?.extensions).toMatchObject({ code: 'SUBGRAPH_UNAVAILABLE', outcome: 'UNKNOWN' })
    }
    instead.set('posts', (reply) => reply.code(503).send({}))
    const response = await running.ask(WRITE)
    expect(response.json.errors?.[0]?.extensions).toEqual({ code: 'SUBGRAPH_UNAVAILABLE', retryAfterSeconds: expect.any(Number) })
  })

  it('are given the refresh token of a cookie only where they sign people in', async () => {
    const COOKIE = { 'ashlar-session': 'cookie', origin: 'http://localhost:4000', cookie: 'ashlar-4000=the-refresh-token' }
    await running.ask('{ whoAmI posts { totalCount } }', {}, COOKIE)
    expect(heard.map(({ request }) => request.refreshCookie).sort()).toEqual([null, 'the-refresh-token'].sort())
    const { headers } = await running.ask('mutation { signIn(login: "ada") { token } }', {}, COOKIE)
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^ashlar-4000=secret;.*HttpOnly/)])
  })

  it('are not written to by a credential while it is not known what has ended; nobody may write on, and all may read', async () => {
    mayWrite = false
    const response = await running.ask(WRITE, {}, AS_USER)
    expect(response.status).toBe(503)
    expect(codesOf(response)).toEqual(['SUBGRAPH_UNAVAILABLE'])
    expect(heard).toEqual([])
    expect((await running.ask(WRITE)).json.errors).toBeUndefined()
    expect((await running.ask(SCREEN, {}, AS_USER)).json.errors).toBeUndefined()
  })
})

describe('the door at which a service asks the graph as the viewer', () => {
  const comments = statementsOf('comments')
  const viewerStatement = (asking = { identity: IDENTITY, ...pick(askingAsNobody()) }, audience = 'comments') =>
    statementsOf(GATEWAY).sign({ audience, door: '/graphql', body: 'an operation', asking })

  async function askNodes(
    ids: unknown,
    { by = comments, handedBack, statement }: { by?: Statements; handedBack?: string; statement?: string | null } = {},
  ) {
    const body = JSON.stringify({ ids })
    const signed = statement === undefined ? by.sign({ audience: GATEWAY, door: NODES_DOOR, body, asking: null }) : statement
    const response = await fetch(`http://127.0.0.1:${(doors.server.address() as AddressInfo).port}${NODES_DOOR}`, {
      method: 'POST',
      headers: { ...(signed !== null && { [STATEMENT_HEADER]: signed }), ...(handedBack && { [HANDED_BACK_HEADER]: handedBack }) },
      body,
    })
    return { status: response.status, json: (await response.json()) as { result?: unknown; errors?: { extensions: { code: string } }[] } }
  }

  it('answers what is there for the viewer, or for nobody', async () => {
    const ids = [postId(1), postId(4), postId(77), userId(1), 'nonsense']
    const there = (id: string, __typename: string) => ({ __typename, id })
    expect((await askNodes(ids)).json.result).toEqual([there(postId(1), 'Post'), null, null, there(userId(1), 'User'), null])
    expect((await askNodes(ids, { handedBack: viewerStatement() })).json.result).toEqual([
      there(postId(1), 'Post'),
      there(postId(4), 'Post'),
      null,
      there(userId(1), 'User'),
      null,
    ])
  })

  it('takes any number of ids, in one fetch an owner', async () => {
    const { json } = await askNodes(Array.from({ length: 2_000 }, (_, n) => postId(n + 1)))
    expect(json.result).toHaveLength(2_000)
    expect(heard).toHaveLength(1)
  })

  it('says where an owner can not answer', async () => {
    posts.behave(async () => {
      throw subgraphUnavailable({ retryAfterSeconds: 9 })
    })
    users.behave(undefined)
    const { json } = await askNodes([postId(1), userId(1)])
    expect(json.result).toEqual([
      { error: expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE' }) },
      { __typename: 'User', id: userId(1) },
    ])
  })

  it('answers nothing else', async () => {
    const nothing = { status: 401, json: { errors: [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })] } }
    const ids = [postId(1)]
    const body = JSON.stringify({ ids })
    expect(await askNodes(ids, { statement: null })).toEqual(nothing)
    expect(await askNodes(ids, { by: statementsOf('comments', randomBytes(32)) })).toEqual(nothing)
    expect(
      await askNodes(ids, { statement: comments.sign({ audience: GATEWAY, door: NODES_DOOR, body: `${body} `, asking: null }) }),
    ).toEqual(nothing)
    // As somebody, by a service's own word; by a statement for another service; by one that no gateway made; by a gateway itself.
    const asSomebody = { identity: IDENTITY, ...pick(askingAsNobody()) }
    expect(await askNodes(ids, { statement: comments.sign({ audience: GATEWAY, door: NODES_DOOR, body, asking: asSomebody }) })).toEqual(
      nothing,
    )
    expect(await askNodes(ids, { handedBack: viewerStatement(asSomebody, 'posts') })).toEqual(nothing)
    const own = comments.sign({ audience: GATEWAY, door: '/graphql', body: '', asking: asSomebody })
    expect(await askNodes(ids, { handedBack: own })).toEqual(nothing)
    expect(heard).toEqual([])
    expect((await askNodes('text')).status).toBe(400)
  })

  it('is shut to services that were added', async () => {
    const secret = SECRET
    const added = new Statements({ name: 'added', keys: readKeys(keysFor(secret, 'added', [GATEWAY])) ?? new Map() })
    expect((await askNodes([postId(1)], { by: added })).status).toBe(401)
  })
})

const pick = ({ request, reply }: ReturnType<typeof askingAsNobody>) => ({ request, reply })
