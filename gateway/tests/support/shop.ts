import { type TestSubgraph, testSubgraph } from './subgraphs.js'

/** What every service has that says for how long its fields hold. */
const CACHE_CONTROL = `
  extend schema
    @link(url: "https://specs.ashlar.test/cacheControl/v1.0", import: ["@cacheControl"])
    @federation__composeDirective(name: "@cacheControl")`
const DIRECTIVE = `
  enum CacheControlScope { PUBLIC PRIVATE }
  directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION`

const CATALOGUE = `
  type Query {
    product(upc: ID!): Product @cacheControl(maxAge: 60)
    products: [Product!] @cacheControl(maxAge: 30)
    unsaid: Product
    mine: Product @cacheControl(maxAge: 100, scope: PRIVATE)
    thing: Thing @cacheControl(maxAge: 50)
    either: Either @cacheControl(maxAge: 50)
    version: Int @cacheControl(maxAge: 10)
    count: Int
    preview(previewToken: String): Product @cacheControl(maxAge: 60)
  }
  type Mutation {
    rename(upc: ID!, name: String!): Product
    renameSilently(upc: ID!, name: String!): Boolean
    renameBadly(upc: ID!, name: String!): Product
    renameWithin(upc: ID!, name: String!): Renaming
  }
  type Renaming { product: Product }
  interface Thing { name: String label: Label }
  union Either = Product | Maker
  type Product implements Thing @key(fields: "upc") @key(fields: "sku") {
    upc: ID! sku: ID! name: String
    price: Int @cacheControl(maxAge: 20)
    maker: Maker
    known: Maker @cacheControl(maxAge: 45)
    origin: Place @cacheControl(inheritMaxAge: true)
    label: Label
    secret: String @cacheControl(scope: PRIVATE)
  }
  type Maker @cacheControl(maxAge: 90) { name: String }
  type Place { town: String open: Boolean @cacheControl(maxAge: 5) }
  type Label @cacheControl(inheritMaxAge: true) { text: String }`
const REVIEWS = `
  type Product @key(fields: "upc") { upc: ID! reviews: [Review!] @cacheControl(maxAge: 40) }
  type Review @key(fields: "id") { id: ID! text: String product: Product @cacheControl(maxAge: 70) }`

interface Product {
  readonly upc: string
  readonly sku: string
  name: string
}

export interface Shop {
  readonly catalogue: TestSubgraph
  readonly reviews: TestSubgraph
  readonly all: readonly TestSubgraph[]
  readonly products: Product[]
  /** As one service that has it all. */
  readonly whole: { readonly typeDefs: string; readonly resolvers: object }
  reset(): void
}

/** Two services that say for how long their fields hold. */
export function shop(): Shop {
  const products: Product[] = []
  const reset = () => {
    products.splice(0, products.length, ...['1', '2'].map((upc) => ({ upc, sku: `s${upc}`, name: `product ${upc}` })))
  }
  reset()
  const find = (upc: string) => products.find((each) => each.upc === upc) ?? null
  const rename = (_: unknown, { upc, name }: { upc: string; name: string }) => {
    const product = find(upc)
    if (product) product.name = name
    return product
  }
  const Query = {
    product: (_: unknown, { upc }: { upc: string }) => find(upc),
    products: () => products,
    unsaid: () => products[0],
    mine: () => products[0],
    thing: () => products[0],
    either: () => products[1],
    version: () => 1,
    count: () => products.length,
    preview: () => products[0],
  }
  const Mutation = {
    rename,
    renameSilently: (...args: Parameters<typeof rename>) => rename(...args) !== null,
    renameBadly: (...args: Parameters<typeof rename>) => {
      rename(...args)
      throw new Error('the answer was lost')
    },
  }
  const ofProduct = {
    price: () => 5,
    maker: () => ({ name: 'maker' }),
    known: () => ({ name: 'maker' }),
    origin: () => ({ town: 'town', open: true }),
    label: () => ({ text: 'label' }),
    secret: () => 'secret',
  }
  const reviewsOf = ({ upc }: { upc: string }) => [{ id: `r${upc}`, text: 'fine', product: { upc } }]
  const Either = { __resolveType: () => 'Product' }
  const Thing = { __resolveType: () => 'Product' }
  const catalogue = testSubgraph({
    name: 'catalogue',
    sdl: `${CACHE_CONTROL}${DIRECTIVE}${CATALOGUE}`,
    resolvers: { Query, Mutation, Product: { ...ofProduct, __resolveReference: ({ upc }: Product) => find(upc) }, Either, Thing },
  })
  const reviews = testSubgraph({
    name: 'reviews',
    sdl: `${CACHE_CONTROL}${DIRECTIVE}${REVIEWS}`,
    resolvers: { Product: { __resolveReference: (product: object) => product, reviews: reviewsOf } },
  })
  const plain = `${DIRECTIVE}${CATALOGUE}`.replaceAll(/@key\(.*?\)/g, '')
  const whole = {
    typeDefs: `${plain}
      extend type Product { reviews: [Review!] @cacheControl(maxAge: 40) }
      type Review { id: ID! text: String product: Product @cacheControl(maxAge: 70) }`,
    resolvers: {
      Query,
      Product: { ...ofProduct, reviews: reviewsOf },
      Review: { product: ({ product }: { product: Product }) => find(product.upc) },
      Either,
      Thing,
    },
  }
  return { catalogue, reviews, all: [catalogue, reviews], products, whole, reset }
}
