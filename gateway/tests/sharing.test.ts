import { createHash } from 'node:crypto'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { gate } from './support/gate.js'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'

let notes: string[] = []
const service = testSubgraph({
  name: 'notes',
  sdl: `
    type Query { whoami: String notes(first: Int): [String!] mutation: String }
    type Mutation { write(text: String!): String }
  `,
  resolvers: {
    Query: {
      whoami: (_: unknown, __: unknown, { identity, forwarded }: Asking) =>
        JSON.stringify([identity?.userId ?? null, identity?.scopes ?? [], forwarded ?? {}]),
      notes: () => notes,
    },
    Mutation: {
      write: (_: unknown, { text }: { text: string }) => {
        notes.push(text)
        return text
      },
    },
  },
})

/** `Bearer <user> <scopes>` is that user with those scopes. */
async function authenticate(authorization: string | undefined): Promise<Identity | null> {
  const [, userId, scopes] = authorization?.split(' ') ?? []
  return userId ? { ...IDENTITY, userId, scopes: scopes?.split(',') ?? [] } : null
}
const as = (user: string, scopes = 'own') => ({ authorization: `Bearer ${user} ${scopes}` })

const gates: (() => void)[] = []
/** Holds back every answer until `open`. */
function hold() {
  const { opened, open } = gate()
  const answer = service.execute.bind(service)
  service.execute = async (request, asking) => {
    await opened
    return answer(request, asking)
  }
  gates.push(() => {
    open()
    service.execute = answer
  })
  return open
}

let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: [service], authenticate, sharing: { inFlight: true }, forwardedHeaders: ['x-tenant'] })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  for (const open of gates.splice(0)) open()
  service.behave(undefined)
  service.calls.length = 0
  notes = []
})
const joined = () => running.gateway.sharing.joined

describe('identical queries at the same time', () => {
  it('run once, and everybody gets the answer', async () => {
    notes = ['a', 'b']
    const open = hold()
    const before = joined()
    const answers = Array.from({ length: 1_000 }, () => running.ask('{ notes(first: 2) }'))
    await until(() => joined() === before + 999)
    open()
    const texts = new Set((await Promise.all(answers)).map(({ status, text }) => `${status} ${text}`))
    expect([...texts]).toEqual([`200 ${JSON.stringify({ data: { notes: ['a', 'b'] } })}\n`])
    expect(service.calls).toHaveLength(1)
  })

  it('are the same however they are written, and differ by what they ask', async () => {
    const open = hold()
    const before = joined()
    const query = 'query Some($first: Int) { notes(first: $first) }'
    const answers = [
      running.ask(query, { first: 1 }),
      running.ask('query Some($first: Int) {\n  notes(first: $first), # all\n}', { first: 1 }),
      running.ask(query, { first: 2 }),
      running.ask('query Some($first: Int) { all: notes(first: $first) }', { first: 1 }),
    ]
    await until(() => joined() === before + 1)
    open()
    await Promise.all(answers)
    expect(service.calls).toHaveLength(3)
  })

  it('never cross between viewers, scopes and headers that services are told of', async () => {
    const open = hold()
    const before = joined()
    const who = [
      {},
      as('ada'),
      as('ada', 'own,posts:moderate'),
      as('bob'),
      { 'x-tenant': 'one' },
      { 'x-tenant': 'two' },
      { ...as('ada'), 'x-tenant': 'one' },
    ]
    const all = Array.from({ length: 1_000 }, (_, at) => who[at % who.length] ?? {})
    const answers = all.map((headers) => running.ask('{ whoami }', {}, headers))
    await until(() => joined() === before + all.length - who.length)
    open()
    const texts = (await Promise.all(answers)).map(({ text }) => text)
    const seen = who.map((_, at) => new Set(texts.filter((__, index) => index % who.length === at)))
    expect(seen.map(({ size }) => size)).toEqual(who.map(() => 1))
    expect(new Set(texts).size).toBe(who.length)
    expect(service.calls).toHaveLength(who.length)
  })

  it('are never writes', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => running.ask('mutation { write(text: "a") }')))
    expect(answers.map(({ json }) => json.data?.write)).toEqual(['a', 'a', 'a'])
    expect(notes).toEqual(['a', 'a', 'a'])
  })

  it('do not join what began before their viewer’s last write had ended', async () => {
    const { opened, open } = gate()
    const reached = gate()
    service.behave(async () => {
      reached.open()
      await opened
      return { data: { notes: ['old'] } }
    })
    const early = running.ask('{ notes }', {}, as('ada'))
    await reached.opened
    service.behave(undefined)
    await running.ask('mutation { write(text: "new") }', {}, as('ada'))
    const late = await running.ask('{ notes }', {}, as('ada'))
    expect(late.json.data).toEqual({ notes: ['new'] })
    open()
    expect((await early).json.data).toEqual({ notes: ['old'] })
  })

  it('join again what began after it', async () => {
    await running.ask('mutation { write(text: "x") }', {}, as('ada'))
    const open = hold()
    const before = joined()
    const answers = [1, 2].map(() => running.ask('{ notes }', {}, as('ada')))
    await until(() => joined() === before + 1)
    open()
    expect((await Promise.all(answers)).map(({ json }) => json.data?.notes)).toEqual([['x'], ['x']])
  })

  it('share a failure as well', async () => {
    const open = hold()
    const before = joined()
    const answers = [1, 2].map(() => running.ask('{ notes nothing }'))
    open()
    for (const { status, json } of await Promise.all(answers)) {
      expect(status).toBe(400)
      expect(json.errors).toHaveLength(1)
    }
    expect(joined()).toBeGreaterThanOrEqual(before)
  })

  it('may come by their hash, once it is known', async () => {
    const query = '{ notes(first: 7) }'
    const sha256Hash = createHash('sha256').update(query).digest('hex')
    const byHash = (rest: object = {}) =>
      running.send({
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash } }, ...rest }),
      })
    expect((await byHash()).json.errors?.[0]?.extensions?.code).toBe('PERSISTED_QUERY_NOT_FOUND')
    expect((await byHash({ query })).json.data).toEqual({ notes: [] })
    expect((await byHash()).json.data).toEqual({ notes: [] })
    service.calls.length = 0
    const open = hold()
    const before = joined()
    const answers = Array.from({ length: 10 }, () => byHash())
    await until(() => joined() === before + 9)
    open()
    await Promise.all(answers)
    expect(service.calls).toHaveLength(1)
  })

  it('are not those that say twice, or in another form, what they ask', async () => {
    const open = hold()
    const before = joined()
    const headers = { 'apollo-require-preflight': 'true' }
    const query = encodeURIComponent('{ notes }')
    const twice = running.send({ path: `/graphql?query=${query}&query=${query}`, headers })
    const once = [1, 2].map(() => running.send({ path: `/graphql?query=${query}`, headers }))
    await until(() => joined() === before + 1)
    open()
    expect((await twice).status).toBe(400)
    for (const { json } of await Promise.all(once)) expect(json).toEqual({ data: { notes: [] } })
    const post = (body: object) =>
      running.send({ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const sha256Hash = createHash('sha256').update('{ notes }').digest('hex')
    const extensions = { persistedQuery: { version: 1, sha256Hash } }
    await post({ query: '{ notes }', extensions })
    await post({ extensions })
    const [bad, good] = await Promise.all([post({ query: 5, extensions }), post({ extensions })])
    expect([bad.status, good.json]).toEqual([400, { data: { notes: [] } }])
  })

  it('are not told of a write by a field’s name', async () => {
    expect((await running.ask('{ mutation }')).json).toEqual({ data: { mutation: null } })
  })
})

describe('without being told to', () => {
  it('a gateway shares nothing', async () => {
    await using plain = await startGateway({ subgraphs: [service], authenticate })
    await Promise.all([1, 2].map(() => plain.ask('{ notes }')))
    expect(service.calls).toHaveLength(2)
    expect(plain.gateway.sharing).toEqual({ joined: 0, hits: 0, misses: 0, kept: 0, keptBytes: 0 })
  })
})
