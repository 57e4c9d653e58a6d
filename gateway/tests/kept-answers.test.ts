import { HeaderMap } from '@apollo/server'
import { type Identity, nobody } from '@ashlar/kit/caller'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import Fastify from 'fastify'
import { AnswerFacts } from '../src/caching/answer-facts.js'
import { invalidBy } from '../src/caching/entity-tags.js'
import { KeptAnswers } from '../src/caching/kept-answers.js'
import { answerShared } from '../src/http/answer-request.js'
import { invalidationDoor } from '../src/http/invalidation-door.js'
import { SharedAnswers } from '../src/sharing/shared-answers.js'
import { ObservedOperation, type OperationSummary } from '../src/telemetry/observed-operation.js'
import { gate } from './support/gate.js'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { shop } from './support/shop.js'

/** `Bearer <user> <scopes>` is that user with those scopes. */
async function authenticate(authorization: string | undefined): Promise<Identity | null> {
  const [, userId, scopes] = authorization?.split(' ') ?? []
  return userId ? { ...IDENTITY, userId, scopes: scopes?.split(',') ?? [] } : null
}
const as = (user: string, scopes = 'own') => ({ authorization: `Bearer ${user} ${scopes}` })
const CACHE_BYTES = 1024 * 1024
const ONE = '{ product(upc: "1") { name } }'

const { all, catalogue, reviews, products, reset } = shop()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all, authenticate, sharing: { inFlight: true, cacheBytes: CACHE_BYTES } })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(() => {
  for (const each of [catalogue, reviews]) {
    each.behave(undefined)
    each.calls.length = 0
  }
  for (const __typename of ['Product', 'Review', 'Maker', 'Query']) running.gateway.invalidate([{ __typename }])
  reset()
})

/** How often services are asked for what a query answers. */
async function asked(query: string, headers: Record<string, string> = {}): Promise<number> {
  const before = catalogue.calls.length + reviews.calls.length
  const { json } = await running.ask(query, {}, headers)
  if (json.errors) throw new Error(JSON.stringify(json.errors))
  return catalogue.calls.length + reviews.calls.length - before
}
const name = async (query = ONE, headers: Record<string, string> = {}) => (await running.ask(query, {}, headers)).json.data?.product.name

describe('an answer that holds', () => {
  it('is answered again without any service, and says how old it is', async () => {
    const first = await running.ask(ONE)
    expect(first.headers).not.toHaveProperty('age')
    const again = await running.ask('{\n  product(upc: "1") { name } # again\n}')
    expect(again.text).toBe((await running.ask(ONE)).text)
    expect(again.headers).toMatchObject({ age: '0', 'cache-control': 'max-age=60, public', 'content-type': first.headers['content-type'] })
    expect(catalogue.calls).toHaveLength(1)
  })

  it('keeps nothing of the request that it was made for', async () => {
    const shared = new SharedAnswers({ cacheBytes: CACHE_BYTES })
    const facts = new AnswerFacts()
    const contents = () => ({ tags: new Set<string>(), entities: [] })
    facts.ran({ source: ONE, declared: { maxAgeSeconds: 60, isPrivate: false }, whole: true, contents })
    let document: object | null = {}
    const hash = () => (document ? 'the hash' : 'none')
    const summary: OperationSummary = { name: null, type: 'query', hash, codes: [], errorIds: [] }
    const first = Object.defineProperty(new ObservedOperation('1', null), 'summary', { value: summary })
    const second = new ObservedOperation('2', null)
    const ask = (observed: ObservedOperation) =>
      answerShared(
        shared,
        { asked: { text: ONE, unknownHash: null }, context: { asking: nobody(), refused: null, facts, observed }, version: 1 },
        async () => ({ headers: new HeaderMap(), body: { kind: 'complete', string: '{}' } }),
      )
    expect((await ask(first)).ageSeconds).toBeNull()
    document = null
    expect((await ask(second)).ageSeconds).toBe(0)
    expect(second.summary.hash()).toBe('the hash')
  })

  it.each([
    ['does not hold for any time', '{ count }'],
    ['is private, and nobody’s', '{ mine { name } }'],
    ['is a failure', '{ product(upc: "1") { name } __typename nothing }'],
    ['is of a write', 'mutation { rename(upc: "2", name: "b") { name } }'],
  ])('is not kept where it %s', async (_, query) => {
    const { kept } = running.gateway.sharing
    await running.ask(query)
    expect(running.gateway.sharing.kept).toBe(kept)
  })

  it('is not kept where a service failed', async () => {
    reviews.behave(async () => {
      throw new Error('gone')
    })
    const query = '{ product(upc: "1") { name reviews { text } } }'
    expect((await running.ask(query)).json.errors).toHaveLength(1)
    reviews.behave(undefined)
    expect((await running.ask(query)).json.data?.product.reviews).toHaveLength(1)
  })

  it('is nobody’s but its viewer’s, with that credential and those scopes', async () => {
    const mine = '{ mine { name } }'
    expect(await asked(mine, as('ada'))).toBe(1)
    expect(await asked(mine, as('ada'))).toBe(0)
    expect(await asked(mine, as('ada', 'own,more'))).toBe(1)
    expect(await asked(mine, as('bob'))).toBe(1)
    expect(await asked(ONE)).toBe(1)
    expect(await asked(ONE, as('ada'))).toBe(1)
    const { headers } = await running.ask(ONE, {}, as('ada'))
    expect(headers).toMatchObject({ age: '0', 'cache-control': 'private, no-store' })
  })
})

describe('an answer whose entity has changed', () => {
  const change = () => {
    for (const product of products) product.name = 'changed'
  }

  it.each([
    ['by the key that it was asked with', { upc: '1' }],
    ['by another key', { sku: 's1' }],
    ['by both', { upc: '1', sku: 's1' }],
    ['by a number', { upc: 1 }],
    ['by no key at all', {}],
    ['by what is no key', { name: 'product 1' }],
  ])('is dropped: %s', async (_, key) => {
    await name('{ product(upc: "1") { name upc sku } }')
    change()
    expect(running.gateway.invalidate([{ __typename: 'Product', ...key }])).toBe(1)
    expect(await name('{ product(upc: "1") { name upc sku } }')).toBe('changed')
  })

  it.each([
    ['the key was not asked for', ONE],
    ['it goes by another name', '{ product(upc: "1") { upc: name number: upc name } }'],
    ['it stands deep in the answer', '{ product(upc: "2") { name } product(upc: "2") { reviews { product { upc name } } } }'],
    ['it is in a list', '{ product: products { name upc } }'],
    ['it is one of several things', '{ product: either { ... on Product { name sku } } }'],
  ])('is dropped also where %s', async (_, query) => {
    expect(await asked(query)).toBeGreaterThan(0)
    expect(await asked(query)).toBe(0)
    running.gateway.invalidate([{ __typename: 'Product', upc: query.includes('"2"') || query.includes('either') ? '2' : '1' }])
    expect(await asked(query)).toBeGreaterThan(0)
  })

  it('is dropped where it was not there when it was asked for', async () => {
    const query = '{ product(upc: "9") { name } }'
    expect(await name('{ product(upc: "1") { name upc } }')).toBe('product 1')
    expect((await running.ask(query)).json.data).toEqual({ product: null })
    products.push({ upc: '9', sku: 's9', name: 'new' })
    expect(running.gateway.invalidate([{ __typename: 'Product', upc: '9' }])).toBe(1)
    expect(await name(query)).toBe('new')
  })

  it('is dropped by each type that might have been in it, though nothing was', async () => {
    products.length = 0
    expect((await running.ask('{ products { name reviews { text } } }')).json.data).toEqual({ products: [] })
    expect(running.gateway.invalidate([{ __typename: 'Review' }])).toBe(1)
  })

  it('leaves the others alone', async () => {
    const queries = ['{ product(upc: "1") { upc name } }', '{ product(upc: "2") { upc name } }', '{ version }']
    for (const query of queries) await asked(query)
    expect(
      running.gateway.invalidate([{ __typename: 'Product', upc: '2' }, { __typename: 'Nothing' }, { __typename: 'Review', id: '1' }]),
    ).toBe(1)
    const times = []
    for (const query of queries) times.push(await asked(query))
    expect(times).toEqual([0, 1, 0])
  })

  it('is dropped by the name of an interface', async () => {
    await name()
    expect(running.gateway.invalidate([{ __typename: 'Thing' }])).toBe(1)
  })

  it('is dropped by a write that answers it, for everybody', async () => {
    expect(await name()).toBe('product 1')
    expect(await name('{ product(upc: "2") { name upc } }')).toBe('product 2')
    await running.ask('mutation { rename(upc: "1", name: "renamed") { upc } }', {}, as('ada'))
    expect(await name()).toBe('renamed')
    expect(await asked('{ product(upc: "2") { name upc } }')).toBe(0)
  })

  it('is dropped by a write that does not say which it was, or whose answer was lost', async () => {
    expect(await name()).toBe('product 1')
    await running.ask('mutation { rename(upc: "1", name: "renamed") { name } }')
    expect(await name()).toBe('renamed')
    await running.ask('mutation { renameBadly(upc: "1", name: "again") { upc } }')
    expect(await name()).toBe('again')
  })

  it('is dropped by a write whose answer was lost with all that it would have told of', async () => {
    expect(await name()).toBe('product 1')
    catalogue.behave(async () => {
      change()
      throw new Error('gone')
    })
    await running.ask('mutation { renameWithin(upc: "1", name: "changed") { product { upc } } }', {}, as('ada'))
    catalogue.behave(undefined)
    expect(await name()).toBe('changed')
  })

  it('is dropped for who has written, whatever the write answers', async () => {
    expect(await name(ONE, as('ada'))).toBe('product 1')
    expect(await name(ONE, as('bob'))).toBe('product 1')
    await running.ask('mutation { renameSilently(upc: "1", name: "renamed") }', {}, as('ada'))
    expect(await name(ONE, as('ada'))).toBe('renamed')
    expect(await name(ONE, as('bob'))).toBe('product 1')
  })

  it('is not kept where it was being made meanwhile', async () => {
    const held = gate()
    const reached = gate()
    catalogue.behave(async () => {
      reached.open()
      await held.opened
      return { data: { product: { upc: '1', name: 'old' } } }
    })
    const making = name('{ product(upc: "1") { upc name } }')
    await reached.opened
    change()
    running.gateway.invalidate([{ __typename: 'Product', upc: '1' }])
    catalogue.behave(undefined)
    held.open()
    expect(await making).toBe('old')
    expect(await name('{ product(upc: "1") { upc name } }')).toBe('changed')
  })

  it('is kept where something else changed meanwhile', async () => {
    const held = gate()
    const reached = gate()
    catalogue.behave(async () => {
      reached.open()
      await held.opened
      return { data: { product: { upc: '1', name: 'old' } } }
    })
    const making = name('{ product(upc: "1") { upc name } }')
    await reached.opened
    running.gateway.invalidate([{ __typename: 'Product', upc: '2' }])
    held.open()
    await making
    expect(await asked('{ product(upc: "1") { upc name } }')).toBe(0)
  })
})

it('keeps nothing over a change of the graph', async () => {
  await name()
  await running.gateway.update([...all])
  expect(await asked(ONE)).toBe(1)
})

describe('the door for who knows what has changed', () => {
  const TOKEN = 'a-token-of-sixteen'
  async function door() {
    const fastify = Fastify()
    const { invalidate } = running.gateway
    const log = { error: () => {} } as never
    await fastify.register(invalidationDoor({ token: TOKEN, invalidate, log }))
    return (payload: unknown, authorization = `Bearer ${TOKEN}`) =>
      fastify.inject({
        method: 'POST',
        url: '/invalidate',
        headers: { authorization, 'content-type': 'application/json' },
        payload: JSON.stringify(payload),
      })
  }

  it('drops what it is told, and says how much that was', async () => {
    const post = await door()
    await name('{ product(upc: "1") { upc name } }')
    const entities = [{ __typename: 'Product', upc: '1' }]
    expect((await post({ entities })).json()).toEqual({ invalidated: 1 })
    expect((await post({ entities })).json()).toEqual({ invalidated: 0 })
  })

  it('opens for the token alone, and for entities alone', async () => {
    const post = await door()
    for (const authorization of ['', 'Bearer ', 'Bearer wrong', `Basic ${TOKEN}`]) {
      const { statusCode, headers } = await post({ entities: [] }, authorization)
      expect([statusCode, headers['www-authenticate']]).toEqual([401, 'Bearer'])
    }
    for (const body of [
      null,
      {},
      { entities: {} },
      { entities: [{}] },
      { entities: [{ __typename: 1 }] },
      { entities: Array(1_001).fill({ __typename: 'A' }) },
    ]) {
      const { statusCode } = await post(body)
      expect([body, statusCode]).toEqual([body, 400])
    }
  })
})

describe('answers that are kept', () => {
  const viewer = { person: null, key: '' }
  const keeping = (key: string, bytes = 1_000, tags: string[] = []) => ({
    key,
    viewer,
    answer: key,
    bytes,
    maxAgeSeconds: 10,
    tags: new Set(tags),
    begun: 0,
  })

  it('hold no longer than they may', () => {
    let now = 0
    const kept = new KeptAnswers<string>(10_000, () => now)
    kept.keep(keeping('a'))
    now = 9_999
    expect(kept.get('a')).toEqual({ answer: 'a', ageSeconds: 9 })
    now = 10_000
    expect(kept.get('a')).toBeNull()
    expect([kept.count, kept.bytes]).toEqual([0, 0])
  })

  it('make room for others, the one used longest ago first, and never take more than they may', () => {
    const kept = new KeptAnswers<string>(5_000)
    for (const key of ['a', 'b', 'c']) kept.keep(keeping(key))
    kept.get('a')
    kept.keep(keeping('d'))
    expect(['a', 'b', 'c', 'd'].map((key) => kept.get(key)?.answer ?? null)).toEqual(['a', null, 'c', 'd'])
    kept.keep(keeping('e', 6_000))
    expect(kept.get('e')).toBeNull()
    expect(kept.bytes).toBeLessThanOrEqual(5_000)
  })

  it('are not kept where more has changed meanwhile than is remembered', () => {
    const kept = new KeptAnswers<string>(10_000)
    const begun = kept.begin()
    for (let at = 0; at < 1_001; at += 1) kept.invalidate(invalidBy({ __typename: 'A', id: at }, ['id']))
    kept.keep({ ...keeping('a', 100, ['B']), begun })
    expect(kept.get('a')).toBeNull()
    kept.keep({ ...keeping('a', 100, ['B']), begun: kept.begin() })
    expect(kept.get('a')).not.toBeNull()
  })
})
