import { describe, expect, it } from '@jest/globals'
import type { Shape, Thing } from '../support/federated.js'
import { answersAsOne, federate } from '../support/federation.js'

const product = {
  __typename: 'Product',
  id: 'p',
  name: { id: 'n', brand: 'B', model: 'M' },
  category: { id: 'c', name: 'C', details: 'D' },
  price: { id: '$', amount: 10, currency: 'USD' },
}

describe('a root field that several services have', () => {
  answersAsOne(
    {
      services: {
        category: `type Query { product: Product @shareable products: [Product!] @shareable } type Product @shareable { id: ID! category: Category }
          type Category { id: ID! @shareable name: String details: String }`,
        name: 'type Query { product: Product @shareable products: [Product!] @shareable } type Product @shareable { id: ID! name: Name } type Name { id: ID! brand: String model: String }',
        price:
          'type Query { product: Product @shareable products: [Product!] @shareable } type Product @shareable { id: ID! price: Price } type Price { id: ID! amount: Int currency: String }',
      },
      resolvers: { Query: { product: () => product, products: () => [product, { ...product, id: 'q', price: null }] } },
    },
    [
      '{ product { id name { brand } price { amount } category { details } } }',
      '{ products { id name { id } category { name } price { currency } } product { price { id } } }',
    ],
  )
})

const posts: Thing[] = [1, 2].map((n) => ({ __typename: 'Post', id: `p${n}`, title: `T${n}`, createdAt: n, views: n * 2, body: `B${n}` }))
const overriding = (label: string): Shape => ({
  services: {
    a: 'type Query { posts: [Post] feed: [Post] @shareable } type Post @key(fields: "id") { id: ID! title: String createdAt: Int }',
    b: `type Query { feed: [Post] @shareable } type Post @key(fields: "id") { id: ID! createdAt: Int @override(from: "a"${label}) views: Int }`,
  },
  entities: posts,
  resolvers: { Query: { posts: () => posts, feed: () => posts } },
})
const CREATED = '{ posts { createdAt } }'

describe('a field that another service has taken over', () => {
  const federation = answersAsOne(overriding(''), [
    '{ posts { title createdAt } feed { createdAt } }',
    '{ feed { title views createdAt } }',
  ])

  it('is asked of that one', async () => {
    await federation().ask(CREATED)
    expect(federation().called.map(({ service }) => service)).toEqual(['a', 'b'])
  })
})

describe('a field that another service takes over little by little', () => {
  const askedOf = async (label: string, holds: string[]) => {
    await using federation = await federate(overriding(`, label: "${label}"`), { overrideLabels: (each) => holds.includes(each) })
    const { data } = await federation.ask(CREATED)
    expect(data?.posts.map(({ createdAt }: Thing) => createdAt)).toEqual([1, 2])
    return federation.called.map(({ service }) => service)
  }

  it.each([
    ['percent(0)', [], ['a']],
    ['percent(100)', [], ['a', 'b']],
    ['moved', [], ['a']],
    ['moved', ['other'], ['a']],
    ['moved', ['moved'], ['a', 'b']],
  ])('is asked of one or the other: %s, where %j holds', async (label, holds, services) => {
    expect(await askedOf(label, holds)).toEqual(services)
  })

  it('is asked of both where chance decides', async () => {
    await using federation = await federate(overriding(', label: "percent(50)"'))
    const ways = new Set<string>()
    for (let asked = 0; ways.size < 2 && asked < 200; asked += 1) {
      await federation.ask(CREATED)
      ways.add(federation.called.map(({ service }) => service).join())
    }
    expect([...ways].sort()).toEqual(['a', 'a,b'])
  })
})

describe('what is inaccessible', () => {
  const shape: Shape = {
    services: {
      a: `type Query { users: [User] by(filter: Filter, role: Role): [Role!] secret: String @inaccessible node: Any }
        type User @key(fields: "id") { id: ID! @inaccessible name(short: Boolean, secret: Int @inaccessible): String role: Role hidden: Hidden @inaccessible }
        type Hidden @inaccessible { x: Int } union Any = User | Hidden
        enum Role { USER ADMIN @inaccessible } input Filter { name: String secret: Int @inaccessible }`,
      b: 'type User @key(fields: "id") { id: ID! @inaccessible age: Int }',
    },
    entities: [
      { __typename: 'User', id: '1', name: 'A', role: 'USER', age: 1 },
      { __typename: 'User', id: '2', name: 'B', role: 'ADMIN', age: 2 },
    ],
    own: {
      a: { Query: { users: () => shape.entities, by: (_, { role }) => [role ?? 'USER'], node: () => ({ __typename: 'Hidden', x: 1 }) } },
    },
  }
  const federation = answersAsOne(shape, [], { rounds: 0 })

  it.each([
    '{ users { id } }',
    '{ secret }',
    '{ users { name(secret: 1) } }',
    '{ by(role: ADMIN) }',
    '{ by(filter: { secret: 1 }) }',
    '{ node { ... on Hidden { x } } }',
    '{ __type(name: "Hidden") { name } users { hidden { x } } }',
  ])('can not be asked for: %s', async (query) => {
    const { errors, response } = await federation().ask(query)
    expect([response.status, errors?.length]).toEqual([400, 1])
  })

  it('serves as a key all the same', async () => {
    expect((await federation().ask('{ users { name age } }')).data).toEqual({
      users: [
        { name: 'A', age: 1 },
        { name: 'B', age: 2 },
      ],
    })
  })

  it('is null where a service answers it', async () => {
    const { data, errors } = await federation().ask('{ users { name role } node { __typename } }')
    expect(data).toEqual({
      users: [
        { name: 'A', role: 'USER' },
        { name: 'B', role: null },
      ],
      node: null,
    })
    expect(errors?.map(({ path }) => path)).toContainEqual(['users', 1, 'role'])
  })

  it('is not known to introspection', async () => {
    const { data } = await federation().ask(
      '{ hidden: __type(name: "Hidden") { name } role: __type(name: "Role") { enumValues { name } } filter: __type(name: "Filter") { inputFields { name } } user: __type(name: "User") { fields { name args { name } } } }',
    )
    expect(data).toEqual({
      hidden: null,
      role: { enumValues: [{ name: 'USER' }] },
      filter: { inputFields: [{ name: 'name' }] },
      user: {
        fields: [
          { name: 'name', args: [{ name: 'short' }] },
          { name: 'role', args: [] },
          { name: 'age', args: [] },
        ],
      },
    })
  })
})

describe('enums and inputs that services know differently', () => {
  const shape: Shape = {
    services: {
      a: `type Query { users(filter: UsersFilter, type: UserType): [User] echo(filter: UsersFilter!): String }
        type User @key(fields: "id") { id: ID! @shareable type: UserType @shareable }
        enum UserType { ANONYMOUS REGISTERED } input UsersFilter { first: Int! = 7 offset: Int tags: [String!] = ["x"] }`,
      b: `type Query { usersB: [User] } type User @key(fields: "id") { id: ID! @shareable kind: Kind }
        input UsersFilter { first: Int = 7 name: String tags: [String!] = ["x"] } enum Kind { A B } type Other { f(filter: UsersFilter): Int }`,
      c: 'type Query { usersC: [User] } type User @key(fields: "id") { id: ID! @shareable kind2: Kind } enum Kind { B C }',
    },
    entities: [{ __typename: 'User', id: '1', type: 'REGISTERED', kind: 'A', kind2: 'C' }],
    resolvers: {
      Query: {
        users: () => shape.entities,
        usersB: () => shape.entities,
        usersC: () => shape.entities,
        echo: (_, { filter }) => JSON.stringify(filter),
      },
    },
  }
  const federation = answersAsOne(
    shape,
    [
      '{ users { id type } usersB { kind kind2 } }',
      '{ echo(filter: { first: 3, tags: null }) }',
      '{ echo(filter: {}) }',
      ['query ($first: Int! = 4) { echo(filter: { first: $first }) }', {}],
      ['query ($filter: UsersFilter!) { echo(filter: $filter) users(filter: $filter) { type } }', { filter: { tags: ['a', 'b'] } }],
      ['query ($tag: String!) { echo(filter: { first: 1, tags: [$tag, "z"] }) }', { tag: 'a' }],
    ],
    { rounds: 0 },
  )

  it.each(['{ users(filter: { offset: 1 }) { id } }', '{ users(filter: { name: "a" }) { id } }'])(
    'have in common what all of them know: %s',
    async (query) => {
      expect((await federation().ask(query)).response.status).toBe(400)
    },
  )
})
