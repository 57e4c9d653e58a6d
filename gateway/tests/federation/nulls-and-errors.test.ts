import { describe, expect, it } from '@jest/globals'
import type { Thing } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const things: Thing[] = [1, 2, 3, 4].map((n) => ({
  __typename: 'Thing',
  id: `t${n}`,
  name: n === 2 ? null : `n${n}`,
  must: n === 3 ? null : n,
  json: { n, deep: [[null], { a: '\u2028' }] },
}))
const [one, two, three, four] = things as [Thing, Thing, Thing, Thing]
const fail = ({ id }: Thing, { x }: Record<string, unknown>) => {
  if (id === 't2') throw new Error('no')
  return x ?? id
}

describe('what is null, and what must not be', () => {
  answersAsOne(
    {
      services: {
        a: `scalar JSON type Query { list: [Thing] strict: [Thing!] grid: [[Thing!]]! all: [[Thing]!]! one: Thing! }
          type Thing @key(fields: "id") { id: ID! name: String json: JSON boxed: Box! } type Box { thing: Thing! maybe: Thing things: [Thing!]! }`,
        b: 'scalar JSON type Thing @key(fields: "id") { id: ID! must: Int! may(x: JSON): JSON peer: Thing! }',
      },
      entities: things,
      resolvers: {
        Query: {
          list: () => [one, null, three, two],
          strict: () => [one, three],
          grid: () => [[one, two], [three], null, []],
          all: () => [[one, null, three], []],
          one: () => three,
        },
        Thing: {
          boxed: (self) => ({ thing: self, maybe: three, things: [one, self] }),
          may: fail,
          peer: ({ id }) => (id === 't1' ? three : one),
        },
      },
    },
    [
      '{ list { name json } }',
      '{ list { id peer { id name } } grid { json } }',
      '{ l: list { may m: may(x: { a: [1, "b", null, { c: E }] }) } }'.replace('E', 'true'),
      ['query ($x: JSON) { list { may(x: $x) name } }', { x: { deep: [1, { a: null }] } }],
      ['query ($x: JSON = { d: 1 }) { list { may(x: $x) } }', {}],
      [
        'query ($a: Boolean!, $b: Boolean!) { list { ...F @include(if: $a) ... on Thing @skip(if: $b) { json may } } } fragment F on Thing { name peer { name @skip(if: $b) } }',
        { a: true, b: true },
      ],
    ],
    { rounds: 0 },
  )
})

describe('what must not be null in another service', () => {
  const federation = answersAsOne(
    {
      services: {
        a: `type Query { list: [Thing] strict: [Thing!] grid: [[Thing!]] one: Thing! box: Box } type Thing @key(fields: "id") { id: ID! name: String } type Box { thing: Thing! maybe: Thing }`,
        b: 'type Thing @key(fields: "id") { id: ID! must: Int! peer: Thing! peers: [Thing!] }',
      },
      entities: things,
      resolvers: {
        Query: {
          list: () => [one, null, three, two],
          strict: () => [one, three],
          grid: () => [
            [one, four],
            [one, three],
          ],
          one: () => three,
          box: () => ({ thing: three, maybe: one }),
        },
        Thing: { peer: () => three, peers: () => [one, three] },
      },
    },
    [],
    { rounds: 0 },
  )

  it.each([
    ['{ list { name must } }', { list: [{ name: 'n1', must: 1 }, null, null, { name: null, must: 2 }] }],
    ['{ strict { id must } list { id } }', { strict: null, list: [{ id: 't1' }, null, { id: 't3' }, { id: 't2' }] }],
    ['{ grid { must } }', { grid: [[{ must: 1 }, { must: 4 }], null] }],
    ['{ one { must } }', null],
    ['{ box { thing { must } maybe { must } } }', { box: null }],
    ['{ box { maybe { peer { must } } } }', { box: { maybe: null } }],
    ['{ box { maybe { peers { must } must } } }', { box: { maybe: { peers: null, must: 1 } } }],
  ])('takes along what it stands in: %s', async (query, expected) => {
    const { data, errors = [] } = await federation().ask(query)
    expect(data).toEqual(expected)
    expect(errors).toHaveLength(1)
    const { data: whole } = await federation().whole(query)
    expect(data).toEqual(whole)
  })

  it.each([
    ['more than was asked', { _entities: [{ must: 1, more: { a: 1 }, __typename: 'Thing' }] }, { must: 1 }, 0],
    ['less', { _entities: [{}] }, null, 1],
    ['no entity', { _entities: [null] }, null, 1],
    ['another type', { _entities: [{ must: 1, __typename: 'Other' }] }, { must: 1 }, 0],
    ['too many', { _entities: [{ must: 1 }, { must: 2 }] }, null, 1],
    ['what is no list', { _entities: { must: 1 } }, null, 1],
    ['another form', { _entities: [{ must: { a: 1 } }] }, null, 1],
  ])('bears a service that answers %s', async (_, data, maybe, errors) => {
    federation().instead.b = () => ({ data })
    const answer = await federation().ask('{ box { maybe { must } } }')
    delete federation().instead.b
    expect(answer.data).toEqual({ box: { maybe } })
    expect(answer.errors ?? []).toHaveLength(errors)
  })
})

describe('mutations', () => {
  let total = 0
  const product: Thing = { __typename: 'Product', id: 'p', price: 9 }
  const federation = answersAsOne(
    {
      services: {
        a: `type Query { total: Int product: Product } type Mutation { add(n: Int!): Int addProduct(input: ProductInput!): Product fail: Product! }
          type Product @key(fields: "id") { id: ID! price: Float } input ProductInput { name: String price: Float = 3 tags: [String!] }`,
        b: 'type Mutation { multiply(by: Int!): Int } type Product @key(fields: "id") { id: ID! price: Float @external expensive: Boolean @requires(fields: "price") at: Int }',
        c: 'type Mutation { subtract(n: Int!): Int }',
      },
      entities: [product],
      own: {
        a: {
          Query: { total: () => total, product: () => product },
          Mutation: {
            add: (_, { n }) => (total += Number(n)),
            addProduct: (_, { input }) => ({ ...product, price: (input as Thing).price }),
            fail: () => {
              throw new Error('no')
            },
          },
        },
        b: {
          Mutation: { multiply: (_, { by }) => (total *= Number(by)) },
          Product: { expensive: ({ price }) => Number(price) > 5, at: () => total },
        },
        c: { Mutation: { subtract: (_, { n }) => (total -= Number(n)) } },
      },
    },
    [],
    { rounds: 0 },
  )

  it('are done one after the other, whichever service they are of', async () => {
    total = 0
    const query = 'mutation { five: add(n: 5) ten: multiply(by: 2) nine: subtract(n: 1) more: add(n: 3) last: multiply(by: 10) }'
    const { data } = await federation().ask(query)
    expect(data).toEqual({ five: 5, ten: 10, nine: 9, more: 12, last: 120 })
    expect(Object.keys(data ?? {})).toEqual(['five', 'ten', 'nine', 'more', 'last'])
  })

  it('have what belongs to their answer before the next begins', async () => {
    total = 1
    const query =
      'mutation ($price: Float!) { add(n: 1) first: addProduct(input: { name: "x", price: $price }) { at expensive } multiply(by: 7) second: addProduct(input: {}) { at expensive price } }'
    const { data } = await federation().ask(query, { price: 6 })
    expect(data).toEqual({ add: 2, first: { at: 2, expensive: true }, multiply: 14, second: { at: 14, expensive: false, price: 3 } })
  })

  it('go on behind one that fails, and are told even where nothing is left', async () => {
    total = 1
    const { data, errors } = await federation().ask('mutation { add(n: 1) fail { at } multiply(by: 2) }')
    expect(data).toBeNull()
    expect(errors?.map(({ path }) => path)).toEqual([['fail']])
    expect(total).toBe(4)
  })
})
