import { describe, expect, it } from '@jest/globals'
import type { Shape } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const users = [
  {
    __typename: 'User',
    id: 'u1',
    email: 'a@x',
    name: 'Ann',
    age: 30,
    org: { id: 'o1', region: { code: 'eu' } },
    account: { no: 1 },
    slug: 's1',
  },
  {
    __typename: 'User',
    id: 'u2',
    email: 'b@x',
    name: 'Bob',
    age: null,
    org: { id: 'o1', region: { code: 'us' } },
    account: { no: 2 },
    slug: 's2',
  },
  {
    __typename: 'User',
    id: 'u3',
    email: 'c@x',
    name: 'Cay',
    age: 50,
    org: { id: 'o2', region: { code: 'eu' } },
    account: { no: 1 },
    slug: 's3',
  },
]

describe('a key of one field', () => {
  answersAsOne(
    {
      services: {
        a: 'type Query { users: [User] user: User! none: User } type User @key(fields: "id") { id: ID! name: String! }',
        b: 'type User @key(fields: "id") { id: ID! age: Int email: String! }',
      },
      entities: users,
      resolvers: { Query: { users: () => users, user: () => users[0], none: () => null } },
    },
    ['{ users { age name } user { __typename t: __typename email } none { age } }', '{ users { id name age email } }'],
  )
})

describe('a composite key', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { users: [User] } type User @key(fields: "id org { id region { code } }") { id: ID! org: Org! name: String }
          type Org @shareable { id: ID! region: Region } type Region @shareable { code: String! }`,
        b: `type User @key(fields: "id org { id region { code } }") { id: ID! org: Org! age: Int }
          type Org @shareable { id: ID! region: Region } type Region @shareable { code: String! }`,
      },
      entities: users,
      resolvers: { Query: { users: () => users } },
    },
    ['{ users { age name } }', '{ users { org { region { c: code } } id: name age } }', '{ users { org { __typename } age } }'],
  )
})

describe('several keys, one for each service', () => {
  answersAsOne(
    {
      services: {
        a: 'type Query { a: [User] } type User @key(fields: "id") { id: ID! name: String }',
        b: 'type Query { b: [User] } type User @key(fields: "id") @key(fields: "email") { id: ID! email: String! age: Int }',
        c: 'type Query { c: [User] } type User @key(fields: "email") @key(fields: "slug") { email: String! slug: String! bio: String }',
        d: 'type Query { d: [User] } type User @key(fields: "slug") { slug: String! rank: Int }',
      },
      entities: users.map((each, at) => Object.assign(each, { bio: `bio ${at}`, rank: at })),
      resolvers: { Query: { a: () => users, b: () => users, c: () => users, d: () => users } },
    },
    ['{ a { name rank bio age } }', '{ d { name } }', '{ d { rank name age } a { slug rank } c { name } b { rank } }'],
  )
})

describe('a key that can not be resolved', () => {
  answersAsOne(
    {
      services: {
        a: 'type Query { reviews: [Review] } type Review { id: ID! by: User } type User @key(fields: "id", resolvable: false) { id: ID! }',
        b: 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String friend: User }',
      },
      entities: users,
      resolvers: {
        Query: { me: () => users[0], reviews: () => users.map((by, at) => ({ id: at, by: at === 1 ? null : by })) },
        User: { friend: ({ id }) => users[id === 'u1' ? 1 : 0] },
      },
    },
    ['{ reviews { by { name friend { name id } } } me { friend { friend { name } } } }'],
  )
})

const places = [
  { __typename: 'Place', id: 'p1', lat: 1, lng: null, name: 'one', note: 'n1' },
  { __typename: 'Place', id: 'p2', lat: null, lng: null, name: 'two', note: 'n2' },
  { __typename: 'Place', id: 'p3', lat: 3, lng: 4, name: 'three', note: 'n3' },
]

describe('a key of which parts are null', () => {
  answersAsOne(
    {
      services: {
        a: 'type Query { places: [Place] } type Place @key(fields: "lat lng") { lat: Int lng: Int name: String }',
        b: 'type Place @key(fields: "lat lng") { lat: Int lng: Int note: String }',
      },
      entities: places,
      resolvers: { Query: { places: () => [places[0], null, places[1], places[2]] } },
    },
    ['{ places { name note } }', '{ places { note } }'],
  )
})

const parts: Record<string, unknown>[] = [
  { __typename: 'Product', id: '1', pid: 'p1', category: { id: 'c1', tag: 't1' }, price: 10, list: null },
  { __typename: 'Product', id: '2', pid: 'p2', category: { id: 'c2', tag: null }, price: 20, list: null },
  { __typename: 'Product', id: '3', pid: null, category: null, price: 30, list: null },
]
const list = {
  __typename: 'ProductList',
  products: parts,
  first: parts[0],
  selected: parts[1],
}
for (const part of parts) part.list = list

describe('keys of lists of objects with keys of their own, in four services', () => {
  answersAsOne(
    {
      services: {
        link: 'type Query { l: Boolean } type Product @key(fields: "id") @key(fields: "id pid") { id: ID! pid: ID }',
        price: `type Query { p: Boolean }
          type ProductList @key(fields: "products { id pid category { id tag } } selected { id }") { products: [Product!]! first: Product @shareable selected: Product @shareable }
          type Product @key(fields: "id pid category { id tag }") { id: ID! pid: ID category: Category price: Float }
          type Category @key(fields: "id tag") { id: ID tag: String }`,
        products: `type Query { top: ProductList! products: [Product] }
          type ProductList @key(fields: "products { id pid }") { products: [Product!]! }
          type Product @key(fields: "id pid") { id: ID! pid: ID }`,
        list: `type ProductList @key(fields: "products { id pid }") { products: [Product!]! first: Product @shareable selected: Product @shareable }
          type Product @key(fields: "id pid") { id: ID! pid: ID category: Category @shareable }
          type Category @key(fields: "id") { id: ID tag: String @shareable }`,
      },
      entities: [
        ...parts,
        list,
        ...parts.flatMap(({ category }) => (category ? [Object.assign(category, { __typename: 'Category' })] : [])),
      ],
      resolvers: { Query: { top: () => list, products: () => parts, l: () => true, p: () => false } },
    },
    [
      '{ top { products { id pid category { id tag } price } selected { id price } first { id } } }',
      '{ products { price category { tag } } }',
      '{ top { first { price } } }',
    ],
  )
})

describe('an entity whose service does not know it', () => {
  const shape: Shape = {
    services: {
      a: 'type Query { users: [User] must: [Must!] } type User @key(fields: "id") { id: ID! name: String! } type Must @key(fields: "id") { id: ID! }',
      b: 'type User @key(fields: "id") { id: ID! age: Int } type Must @key(fields: "id") { id: ID! needed: String! }',
    },
    entities: [users[0] as Record<string, unknown>, { __typename: 'Must', id: '1', needed: 'yes' }],
    resolvers: { Query: { users: () => users, must: () => [{ id: '1' }, { id: '2' }] } },
  }
  const federation = answersAsOne(shape, [], { rounds: 0 })

  it('has nothing of it', async () => {
    const { data, errors } = await federation().ask('{ users { name age } }')
    expect(data).toEqual({ users: users.map(({ name, age }, at) => ({ name, age: at === 0 ? age : null })) })
    expect(errors).toBeUndefined()
  })

  it('takes what must have it along, and says so', async () => {
    const { data, errors } = await federation().ask('{ users { name } must { id needed } }')
    expect(data).toEqual({ users: users.map(({ name }) => ({ name })), must: null })
    expect(errors?.map(({ path }) => path)).toEqual([['must', 1, 'needed']])
  })
})
