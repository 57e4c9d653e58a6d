// The public federation benchmark's shape: people, products, what is in stock, and what people say of it. Four services, one deep query.
import { readFileSync } from 'node:fs'
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@shareable"])'

export const SERVICES = {
  accounts: `${LINK}
    type Query { me: User user(id: ID!): User users: [User] }
    type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }`,
  inventory: `${LINK}
    type Product @key(fields: "upc") { upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }`,
  products: `${LINK}
    type Query { topProducts(first: Int = 5): [Product] }
    type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
  reviews: `${LINK}
    type Review @key(fields: "id") { id: ID! body: String author: User product: Product }
    type User @key(fields: "id") { id: ID! reviews: [Review] }
    type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
}

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Emmy Noether', 'Mary Somerville', 'Hypatia', 'Sophie Germain']
const users = NAMES.map((name, at) => ({ id: String(at + 1), name, username: name.toLowerCase().replace(' ', '.'), birthday: 1800 + at }))
const products = ['Table', 'Couch', 'Glass', 'Chair', 'TV', 'Lamp', 'Grill', 'Fridge', 'Sofa'].map((name, at) => ({
  upc: String(at + 1),
  name,
  price: 100 * (at + 1) - 1,
  weight: 50 * (at + 1),
  inStock: at % 3 !== 0,
}))
const BODY =
  'It is worth what it costs, and a little more: it has stood in the same place for years, and nobody would want to be without it. '
const reviews = [
  [1, 1],
  [1, 1],
  [1, 1],
  [1, 1],
  [2, 2],
  [2, 3],
  [3, 4],
  [4, 1],
  [5, 2],
  [6, 5],
  [6, 1],
].map(([user, product], at) => ({ id: String(at + 1), body: BODY.repeat(1 + (at % 3)), user: String(user), product: String(product) }))

const userOf = ({ id }) => users.find((user) => user.id === id)
const productOf = ({ upc }) => products.find((product) => product.upc === upc)
const reviewOf = ({ id }) => reviews.find((review) => review.id === id)

export const RESOLVERS = {
  accounts: {
    Query: { me: () => users[0], user: (_, { id }) => userOf({ id }), users: () => users },
    User: { __resolveReference: userOf },
  },
  inventory: {
    Product: {
      __resolveReference: (reference) => ({ ...productOf(reference), ...reference }),
      shippingEstimate: ({ price, weight }) => (price > 1000 ? 0 : Math.round(weight * 0.5)),
    },
  },
  products: { Query: { topProducts: (_, { first }) => products.slice(0, first) }, Product: { __resolveReference: productOf } },
  reviews: {
    Review: { __resolveReference: reviewOf, author: ({ user }) => ({ id: user }), product: ({ product }) => ({ upc: product }) },
    User: { __resolveReference: ({ id }) => ({ id }), reviews: ({ id }) => reviews.filter(({ user }) => user === id) },
    Product: { __resolveReference: ({ upc }) => ({ upc }), reviews: ({ upc }) => reviews.filter(({ product }) => product === upc) },
  },
}

export const QUERY = readFileSync(new URL('query.graphql', import.meta.url), 'utf8')

/** @param urls where each service answers, by its name */
export function supergraphOf(urls) {
  const services = Object.entries(SERVICES).map(([name, sdl]) => ({ name, url: urls[name], typeDefs: parse(sdl) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) throw new Error(errors.join('\n'))
  return supergraphSdl
}
