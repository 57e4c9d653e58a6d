// The public federation benchmark's shape: people, products, what is in stock, and what people say of it. Four services, one deep query.
import { readFileSync } from 'node:fs'
import { composeServices } from '@apollo/composition'
import { parse } from 'graphql'

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires", "@shareable"])'

export const SERVICES = {
  accounts: `${LINK}
    type Query { me: User user(id: ID!): User users(district: Int = 0): [User] }
    type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }`,
  inventory: `${LINK}
    type Product @key(fields: "upc") { upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }`,
  products: `${LINK}
    type Query { topProducts(first: Int = 5, district: Int = 0): [Product] }
    type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
  reviews: `${LINK}
    type Review @key(fields: "id") { id: ID! body: String author: User product: Product }
    type User @key(fields: "id") { id: ID! reviews: [Review] }
    type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
}

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Emmy Noether', 'Mary Somerville', 'Hypatia', 'Sophie Germain']
const PRODUCTS = ['Table', 'Couch', 'Glass', 'Chair', 'TV', 'Lamp', 'Grill', 'Fridge', 'Sofa']
const BODY =
  'It is worth what it costs, and a little more: it has stood in the same place for years, and nobody would want to be without it. '
const REVIEWS = [
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
]

/** Beside the benchmark's own there are districts that look the same, so that each request can be about other things. */
export const DISTRICTS = Array.from({ length: 200 }, (_, at) => at + 1)
const idOf = (district, number) => (district === 0 ? String(number) : `d${district}-${number}`)
const everywhere = (make) => [0, ...DISTRICTS].map(make)

const users = everywhere((district) =>
  NAMES.map((name, at) => ({ id: idOf(district, at + 1), name, username: name.toLowerCase().replace(' ', '.'), birthday: 1800 + at })),
)
const products = everywhere((district) =>
  PRODUCTS.map((name, at) => ({
    upc: idOf(district, at + 1),
    name,
    price: 100 * (at + 1) - 1,
    weight: 50 * (at + 1),
    inStock: at % 3 !== 0,
  })),
)
const reviews = everywhere((district) =>
  REVIEWS.map(([user, product], at) => ({
    id: idOf(district, at + 1),
    body: BODY.repeat(1 + (at % 3)),
    user: idOf(district, user),
    product: idOf(district, product),
  })),
)

const userById = new Map(users.flat().map((user) => [user.id, user]))
const productByUpc = new Map(products.flat().map((product) => [product.upc, product]))
const reviewById = new Map(reviews.flat().map((review) => [review.id, review]))
const userOf = ({ id }) => userById.get(id)
const productOf = ({ upc }) => productByUpc.get(upc)
const reviewOf = ({ id }) => reviewById.get(id)
const districtOf = (id) => (id.startsWith('d') ? Number(id.slice(1, id.indexOf('-'))) : 0)

export const RESOLVERS = {
  accounts: {
    Query: { me: () => users[0][0], user: (_, { id }) => userOf({ id }), users: (_, { district }) => users[district] },
    User: { __resolveReference: userOf },
  },
  inventory: {
    Product: {
      __resolveReference: (reference) => ({ ...productOf(reference), ...reference }),
      shippingEstimate: ({ price, weight }) => (price > 1000 ? 0 : Math.round(weight * 0.5)),
    },
  },
  products: {
    Query: { topProducts: (_, { first, district }) => products[district].slice(0, first) },
    Product: { __resolveReference: productOf },
  },
  reviews: {
    Review: { __resolveReference: reviewOf, author: ({ user }) => ({ id: user }), product: ({ product }) => ({ upc: product }) },
    User: {
      __resolveReference: ({ id }) => ({ id }),
      reviews: ({ id }) => reviews[districtOf(id)].filter(({ user }) => user === id),
    },
    Product: {
      __resolveReference: ({ upc }) => ({ upc }),
      reviews: ({ upc }) => reviews[districtOf(upc)].filter(({ product }) => product === upc),
    },
  },
}

const QUERY = readFileSync(new URL('query.graphql', import.meta.url), 'utf8')
const QUERY_OF_DISTRICT = QUERY.replace('query Screen', 'query Screen($district: Int!)')
  .replace('  users {', '  users(district: $district) {')
  .replace('  topProducts {', '  topProducts(district: $district) {')

/** The request; 0 is the public benchmark's own, without variables. */
export const screenOf = (district) =>
  district === 0
    ? { query: QUERY, operationName: 'Screen' }
    : { query: QUERY_OF_DISTRICT, operationName: 'Screen', variables: { district } }

/** What a text says of the first district, of another. */
export const moved = (text, district) =>
  text.replaceAll('d1-', `d${district}-`).replaceAll('\\"district\\":1}', `\\"district\\":${district}}`)

/** @param urls where each service answers, by its name */
export function supergraphOf(urls) {
  const services = Object.entries(SERVICES).map(([name, sdl]) => ({ name, url: urls[name], typeDefs: parse(sdl) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (errors) throw new Error(errors.join('\n'))
  return supergraphSdl
}
