import { describe, expect, it } from '@jest/globals'
import type { Thing } from '../support/federated.js'
import { answersAsOne } from '../support/federation.js'

const users: Thing[] = [1, 2].map((n) => ({
  __typename: 'User',
  id: `u${n}`,
  name: `N${n}`,
  address: { street: `s${n}`, city: n === 1 ? 'Rome' : null },
  age: n,
}))
const reviews: Thing[] = [0, 1, 2].map((n) => ({ __typename: 'Review', id: `r${n}`, author: n === 2 ? null : users[n] }))

describe("a field that provides some of what is another service's", () => {
  const federation = answersAsOne(
    {
      services: {
        users:
          'type Query { users: [User] } type User @key(fields: "id") { id: ID! name: String @shareable age: Int address: Address @shareable } type Address @shareable { street: String city: String }',
        reviews: `type Query { reviews: [Review] } type Review @key(fields: "id") { id: ID! author: User @provides(fields: "name address { city }") }
          type User @key(fields: "id") { id: ID! name: String @external address: Address @external } type Address { city: String @external }`,
      },
      entities: [...users, ...reviews],
      resolvers: { Query: { users: () => users, reviews: () => reviews } },
    },
    ['{ reviews { author { name } } }', '{ reviews { author { name age address { street city } } } users { name } }'],
  )

  it('spares that one a fetch', async () => {
    const { data } = await federation().ask('{ reviews { author { name address { city } } } }')
    expect(data?.reviews[0]).toEqual({ author: { name: 'N1', address: { city: 'Rome' } } })
    expect(federation().called.map(({ service }) => service)).toEqual(['reviews'])
  })
})

const animals: Thing[] = [
  { __typename: 'Dog', id: 'a1', name: 'Rex', age: 3 },
  { __typename: 'Cat', id: 'a2', name: 'Tom', age: null },
]

describe('what is provided of an interface or a union', () => {
  answersAsOne(
    {
      services: {
        a: `type Query { media: Media shelf: [Item] } interface Media { id: ID! animals: [Animal] } interface Animal { id: ID! }
          union Item = Dog | Cat
          type Book implements Media @key(fields: "id") @shareable { id: ID! animals: [Animal] } type Dog implements Animal @key(fields: "id") { id: ID! }
          type Cat implements Animal @key(fields: "id") { id: ID! }`,
        b: `interface Animal { id: ID! name: String } type Dog implements Animal @key(fields: "id") { id: ID! name: String @shareable age: Int }
          type Cat implements Animal @key(fields: "id") { id: ID! name: String @shareable age: Int }`,
        c: `type Query { book: Book @provides(fields: "animals { ... on Dog { name } }") items: [Item] @provides(fields: "... on Cat { name }") } interface Animal { id: ID! } union Item = Dog | Cat
          type Book @key(fields: "id") { id: ID! @shareable animals: [Animal] @shareable } type Dog implements Animal @key(fields: "id") { id: ID! name: String @external }
          type Cat implements Animal @key(fields: "id") { id: ID! name: String @external }`,
      },
      entities: [...animals, { __typename: 'Book', id: 'b', animals }],
      resolvers: {
        Query: {
          media: () => ({ __typename: 'Book', id: 'b', animals }),
          shelf: () => animals,
          book: () => ({ __typename: 'Book', id: 'b', animals }),
          items: () => animals,
        },
      },
    },
    [
      '{ media { animals { id ... on Dog { name } ... on Cat { name age } } } }',
      '{ book { animals { id name } } items { ... on Cat { name } ... on Dog { name age } } }',
      '{ shelf { ... on Animal { name } } items { __typename ... on Animal { id name } } }',
    ],
  )
})

describe('services of the first federation', () => {
  answersAsOne(
    {
      services: {
        a: '# fed1\n type Query { me: User users: [User] } type User @key(fields: "id") { id: ID! name: String address: Address } type Address { city: String }',
        b: `# fed1\n extend type Query { reviews: [Review] } type Review { id: ID! author: User @provides(fields: "name") }
          extend type User @key(fields: "id") { id: ID! @external name: String @external age: Int @external reviews: [Review!] label: String @requires(fields: "name age") }`,
        c: '# fed1\n type User @key(fields: "id") @extends { id: ID! @external age: Int }',
      },
      entities: users,
      resolvers: {
        Query: { me: () => users[0], users: () => users, reviews: () => reviews },
        User: {
          reviews: ({ id }) => reviews.filter(({ author }) => (author as Thing | null)?.id === id),
          label: ({ name, age }) => `${name} ${age}`,
        },
      },
    },
    ['{ me { name age label reviews { id author { name label } } } }', '{ reviews { author { name } } users { label address { city } } }'],
  )
})
