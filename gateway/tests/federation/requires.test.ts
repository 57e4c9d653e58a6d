import { describe, expect, it } from '@jest/globals'
import type { Thing } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const products: Thing[] = [
  { __typename: 'Product', upc: 'p1', name: 'Table', price: 11, weight: 100, dimensions: { size: '1', weight: 1 }, inStock: true },
  { __typename: 'Product', upc: 'p2', name: 'Couch', price: 22, weight: null, dimensions: null, inStock: false },
  { __typename: 'Product', upc: 'p3', name: null, price: null, weight: 50, dimensions: { size: null, weight: 3 }, inStock: null },
]
const estimate = ({ price, weight }: Thing) => {
  if (price === undefined || weight === undefined) throw new Error('what is required is missing')
  return price === null || weight === null ? null : Number(price) > 20 ? 0 : Math.round(Number(weight) * 5)
}

describe('a field that requires others', () => {
  const federation = answersAsOne(
    {
      services: {
        products: 'type Query { products: [Product] } type Product @key(fields: "upc") { upc: ID! name: String price: Int weight: Int }',
        inventory: `type Product @key(fields: "upc") { upc: ID! price: Int @external weight: Int @external inStock: Boolean
          shipping: Int @requires(fields: "price weight") tag: String @requires(fields: "price") }`,
      },
      entities: products,
      resolvers: { Query: { products: () => products }, Product: { shipping: estimate, tag: ({ price }) => `#${price}` } },
    },
    [
      '{ products { shipping } }',
      '{ products { shipping tag inStock } }',
      '{ products { price: name shipping weight: tag } }',
      'query ($no: Boolean = false) { products { shipping @include(if: $no) tag price @skip(if: $no) } }',
    ],
  )

  it('asks its own service for nothing that is missing', async () => {
    await federation().ask('{ products { shipping } }')
    expect(federation().called.map(({ service }) => service)).toEqual(['products', 'inventory'])
  })
})

describe('a field that requires what is within an object, or in a list', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { products: [Product] } type Product @key(fields: "upc") { upc: ID! dimensions: Dimensions parts: [Part!]! }
          type Dimensions @shareable { size: String weight: Float } type Part { name: String! cost: Int }`,
        b: `type Product @key(fields: "upc") { upc: ID! dimensions: Dimensions @external parts: [Part!]! @external
          shipping: String @requires(fields: "dimensions { size weight }") total: Int @requires(fields: "parts { cost }") }
          type Dimensions @shareable { size: String weight: Float } type Part { cost: Int @external }`,
      },
      entities: products.map((each, at) =>
        Object.assign(each, { parts: Array.from({ length: at }, (_, n) => ({ name: `n${n}`, cost: n === 1 ? null : 4 })) }),
      ),
      resolvers: {
        Query: { products: () => [...products, null] },
        Product: {
          shipping: ({ dimensions }) => dimensions && `${(dimensions as Thing).size} ${(dimensions as Thing).weight}`,
          total: ({ parts }) => (parts as { cost: number }[]).reduce((sum, { cost }) => sum + cost, 0),
        },
      },
    },
    ['{ products { shipping total } }', '{ products { dimensions { size: weight } parts { cost: name } shipping total } }'],
  )
})

describe('a field that requires another with arguments', () => {
  const federation = answersAsOne(
    {
      services: {
        a: `type Query { products: [Product] } type Product @key(fields: "upc") { upc: ID! price(currency: String!): Float weight(unit: Unit = KG): Float }
          enum Unit { KG LB }`,
        b: `type Product @key(fields: "upc") { upc: ID! price(currency: String!): Float @external weight(unit: Unit = KG): Float @external
          shipping: Float @requires(fields: "price(currency: \\"USD\\") weight(unit: LB)") }
          enum Unit { KG LB }`,
      },
      entities: products,
      own: {
        a: {
          Query: { products: () => products },
          Product: {
            price: (self, { currency }) => (currency === 'USD' ? Number(self.price) : Number(self.price) * 100),
            weight: (self, { unit }) => (unit === 'LB' ? Number(self.weight) * 2 : Number(self.weight)),
          },
        },
        b: { Product: { shipping: (self) => Number(self.price) + Number(self.weight) } },
      },
    },
    [],
    { rounds: 0 },
  )

  it('gets them, whatever the client asks of the same field', async () => {
    const shipping = [11 + 200, 22 + 0, 0 + 100]
    const { data } = await federation().ask(
      '{ products { shipping price(currency: "EUR") weight kg: weight(unit: KG) usd: price(currency: "USD") } }',
    )
    expect(data?.products).toEqual(
      products.map(({ price, weight }, at) => ({
        shipping: shipping[at],
        price: Number(price) * 100,
        weight: Number(weight),
        kg: Number(weight),
        usd: Number(price),
      })),
    )
  })
})

const posts: Thing[] = [1, 2, 3].map((n) => ({
  __typename: 'Post',
  id: `p${n}`,
  author: { __typename: 'Author', id: `a${n}`, years: n === 2 ? null : n, name: `N${n}` },
}))

describe('fields that require each other in a circle of services', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { feed: [Post] } type Post @key(fields: "id") { id: ID! author: Author! @external byExpert: Boolean @requires(fields: "author { years }") }
          type Author { years: Int @external }`,
        b: `type Post @key(fields: "id") { id: ID! author: Author! byExpert: Boolean @external byNovice: Boolean @requires(fields: "byExpert") }
          type Author { id: ID! years: Int name: String }`,
      },
      entities: posts,
      resolvers: {
        Query: { feed: () => posts },
        Post: {
          byExpert: ({ author }) => Number((author as Thing).years) > 2,
          byNovice: (post) => (post.author === undefined ? false : Number((post.author as Thing).years) <= 2),
        },
      },
      own: { b: { Post: { byNovice: ({ byExpert }) => !byExpert } } },
    },
    ['{ feed { byNovice } }', '{ feed { byExpert } }', '{ feed { byNovice byExpert author { name id } } }'],
  )
})

const gadgets: Thing[] = [1, 2, 3].map((n) => ({
  __typename: 'Gadget',
  id: `g${n}`,
  price: n * 10,
  hasDiscount: n > 1,
  isExpensive: n > 2,
  canAfford: n <= 2,
  canAffordDiscount: n > 1 && n <= 2,
}))

describe('a field that requires one that requires one, through several services', () => {
  const d = {
    canAfford: ({ isExpensive }: Thing) => !isExpensive,
    canAffordWithDiscount: ({ isExpensiveWithDiscount }: Thing) => !isExpensiveWithDiscount,
  }
  const c = { isExpensive: ({ price }: Thing) => Number(price) > 20, isExpensiveWithDiscount: ({ hasDiscount }: Thing) => !hasDiscount }
  const whole = {
    isExpensive: c.isExpensive,
    isExpensiveWithDiscount: c.isExpensiveWithDiscount,
    canAfford: (self: Thing) => !c.isExpensive(self),
    canAffordWithDiscount: (self: Thing) => !c.isExpensiveWithDiscount(self),
  }
  answersAsOne(
    {
      services: {
        a: 'type Query { gadget: Gadget gadgets: [Gadget] } type Gadget @key(fields: "id") { id: ID! }',
        b: 'type Gadget @key(fields: "id") { id: ID! price: Float! hasDiscount: Boolean! }',
        c: `type Gadget @key(fields: "id") { id: ID! price: Float! @external hasDiscount: Boolean! @external
          isExpensive: Boolean! @requires(fields: "price") isExpensiveWithDiscount: Boolean! @requires(fields: "hasDiscount") }`,
        d: `type Gadget @key(fields: "id") { id: ID! isExpensive: Boolean! @external isExpensiveWithDiscount: Boolean! @external
          canAfford: Boolean! @requires(fields: "isExpensive") canAffordWithDiscount: Boolean! @requires(fields: "isExpensiveWithDiscount") }`,
      },
      entities: gadgets,
      resolvers: { Query: { gadget: () => gadgets[2], gadgets: () => gadgets }, Gadget: whole },
      own: { c: { Gadget: c }, d: { Gadget: d } },
    },
    [
      '{ gadget { canAfford } }',
      '{ gadgets { canAffordWithDiscount } }',
      '{ gadgets { canAfford isExpensive } }',
      '{ gadgets { canAffordWithDiscount isExpensiveWithDiscount canAfford price } }',
    ],
  )
})

const animals: Thing[] = [
  { __typename: 'Dog', id: 'd1', name: 'Rex', owner: { __typename: 'Person', no: 1, nick: 'Al' } },
  { __typename: 'Cat', id: 'c1', name: 'Tom', owner: { __typename: 'Firm', no: 2, vat: 'X' } },
  { __typename: 'Cat', id: 'c2', name: null, owner: null },
]
const dogs: Thing[] = animals.map((pet, at) => ({ __typename: 'Stay', id: `s${at}`, pet, owner: pet.owner, nights: at }))
const label = ({ pet, owner }: Thing) => {
  const { __typename: type, name } = (pet ?? {}) as Thing
  const { no, nick, vat, __typename: kind } = (owner ?? {}) as Thing
  return JSON.stringify([type, name, kind, no, nick, vat])
}

describe('a field that requires what is of an interface or a union', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { stays: [Stay] } type Stay @key(fields: "id") { id: ID! pet: Pet owner: Owner }
          interface Pet { id: ID! name: String } type Dog implements Pet { id: ID! name: String owner: Owner } type Cat implements Pet { id: ID! name: String }
          union Owner = Person | Firm type Person { no: Int nick: String } type Firm { no: Int vat: String }`,
        b: `type Stay @key(fields: "id") { id: ID! pet: Pet @external owner: Owner @external nights: Int
          label: String @requires(fields: "pet { __typename name ... on Dog { name } } owner { __typename ... on Person { no nick } ... on Firm { no vat } }") }
          interface Pet { name: String } type Dog implements Pet { name: String @external } type Cat implements Pet { name: String @external }
          union Owner = Person | Firm type Person { no: Int @external nick: String @external } type Firm { no: Int @external vat: String @external }`,
      },
      entities: dogs,
      resolvers: { Query: { stays: () => dogs }, Stay: { label } },
    },
    ['{ stays { label } }', '{ stays { label nights pet { id ... on Cat { name: id } } owner { ... on Firm { nick: vat } } } }'],
  )
})
