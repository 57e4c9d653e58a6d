import { buildSubgraphSchema } from '@apollo/subgraph'
import { badUserInput } from '@ashlar/kit/errors'
import { buildSchema, type DocumentNode, execute, type GraphQLSchema, parse, printSchema } from 'graphql'
import type { SubgraphRequest } from '../../src/subgraph.js'

/** A thing of the world: its type, and the key that every service knows it by. */
interface Ref {
  readonly __typename: string
  readonly id: string
}

/** A number of its own for each text: what the world looks like depends on nothing else. */
function hash(text: string): number {
  let value = 2_166_136_261
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619)
  return value >>> 0
}

export interface Mishaps {
  /** Of a thousand fields, how many are null where they may be, and how many fail. */
  readonly nulls: number
  readonly errors: number
  readonly seed: number
}

type Resolve = (parent: Ref, args: Record<string, unknown>) => unknown
type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolve>>>>

const USERS = 4
const ITEMS = 6
const user = (n: number): Ref => ({ __typename: 'User', id: `u${n % USERS}` })
const item = (n: number): Ref => ({ __typename: n % 3 === 0 ? 'Film' : 'Book', id: `i${n % ITEMS}` })
const review = (n: number): Ref => ({ __typename: 'Review', id: `r${n % 9}` })
const several = <Item>(text: string, make: (n: number) => Item, max = 4): Item[] =>
  Array.from({ length: hash(text) % max }, (_, at) => make(hash(`${text} ${at}`)))

const priceOf = (id: string): number => hash(`price ${id}`) % 100
const weightOf = (id: string): number => hash(`weight ${id}`) % 50

/** What each field answers, whichever service has it. */
const FIELDS: Resolvers = {
  Query: {
    me: () => user(1),
    users: (_, { first }) => Array.from({ length: Number(first) }, (_each, n) => user(n)),
    items: () => Array.from({ length: ITEMS }, (_, n) => item(n)),
    grid: () => [[item(1), item(2)], [], [item(3)]],
    review: (_, { id }) => ({ __typename: 'Review', id }),
    latest: () => [review(1), user(2), item(3), review(4)],
  },
  User: {
    name: ({ id }) => `name "${id}"\n\u2028`,
    nickname: ({ id }) => `nick ${id}`,
    role: ({ id }) => (hash(id) % 2 ? 'ADMIN' : 'USER'),
    friends: ({ id }, { first }) => several(`friends ${id}`, user, Number(first) + 1),
    best: ({ id }) => user(hash(`best ${id}`)),
    settings: ({ id }) => ({ id, deep: [{ a: null }, 1.5, 'x'] }),
    reviews: ({ id }) => several(`reviews ${id}`, review),
    karma: ({ id }) => (hash(id) % 1_000) / 8,
    favourite: ({ id }) => item(hash(`favourite ${id}`)),
  },
  Book: {
    title: ({ id }) => `title ${id}`,
    price: ({ id }) => priceOf(id),
    weight: ({ id }) => weightOf(id),
    pages: ({ id }) => hash(id) % 500,
    related: ({ id }) => several(`related ${id}`, item),
    author: ({ id }) => user(hash(`author ${id}`)),
    reviews: ({ id }) => several(`of ${id}`, review),
    shipping: ({ id }) => priceOf(id) * weightOf(id),
    inStock: ({ id }) => hash(id) % 2 === 0,
    score: ({ id }) => hash(`score ${id}`) % 10,
  },
  Film: {
    title: ({ id }) => `film ${id}`,
    price: ({ id }) => priceOf(id),
    weight: ({ id }) => weightOf(id),
    minutes: ({ id }) => hash(id) % 200,
    related: ({ id }) => several(`related ${id}`, item),
    reviews: ({ id }) => several(`of ${id}`, review),
    shipping: ({ id }) => priceOf(id) * weightOf(id),
    inStock: ({ id }) => hash(id) % 2 === 0,
    score: ({ id }) => hash(`score ${id}`) % 10,
  },
  Review: {
    body: ({ id }) => `body ${id}`,
    stars: ({ id }) => hash(id) % 5,
    author: ({ id }) => user(hash(`by ${id}`)),
    about: ({ id }) => item(hash(`about ${id}`)),
  },
}

const SPEC = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", "@requires", "@provides", "@interfaceObject", "@override"])`
const ITEM = 'id: ID! title: String! price: Int related: [Item!]'

const SDL: Readonly<Record<string, string>> = {
  accounts: `
    scalar Settings
    enum Role { USER ADMIN }
    type Query { me: User users(first: Int! = 3): [User!]! }
    type User @key(fields: "id") {
      id: ID! name: String! nickname: String role: Role! friends(first: Int = 2): [User!]! best: User settings: Settings
    }`,
  catalogue: `
    interface Item @key(fields: "id") { ${ITEM} }
    type Query { items: [Item!]! grid: [[Item]!] }
    type Book implements Item @key(fields: "id") { ${ITEM} weight: Int pages: Int! author: User }
    type Film implements Item @key(fields: "id") { ${ITEM} weight: Int minutes: Int }
    type User @key(fields: "id", resolvable: false) { id: ID! }`,
  stock: `
    type Query { ready: Boolean }
    type Book @key(fields: "id") { id: ID! price: Int @external weight: Int @external shipping: Int @requires(fields: "price weight") inStock: Boolean! }
    type Film @key(fields: "id") { id: ID! price: Int @external weight: Int @external shipping: Int @requires(fields: "price weight") inStock: Boolean! }`,
  opinions: `
    type Query { review(id: ID!): Review latest: [Entry] }
    union Entry = Review | User | Book | Film
    interface Reviewed { reviews: [Review!] }
    type Review @key(fields: "id") { id: ID! body: String! stars: Int author: User! @provides(fields: "nickname") about: Reviewed }
    type User implements Reviewed @key(fields: "id") { id: ID! nickname: String @external reviews: [Review!] karma: Float favourite: Reviewed }
    type Book implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!] }
    type Film implements Reviewed @key(fields: "id") { id: ID! reviews: [Review!] }`,
  ratings: `
    type Query { rated: Boolean }
    type Item @key(fields: "id") @interfaceObject { id: ID! score: Int }`,
}

/** @provides needs the field to be resolvable where it is provided, and so to be shareable where it is. */
const shareable = (sdl: string): string => sdl.replace('nickname: String role', 'nickname: String @shareable role')

export const worldSchemas = (): { name: string; sdl: string }[] =>
  Object.entries(SDL).map(([name, sdl]) => ({ name, sdl: `${SPEC}\n${shareable(sdl)}` }))

/** What goes wrong, at the same places whoever asks. */
function resolver(typeName: string, field: string, { nulls, errors, seed }: Mishaps): Resolve {
  return (parent, args) => {
    const chance = hash(`${seed} ${typeName} ${parent?.id ?? ''} ${field} ${JSON.stringify(args)}`) % 1_000
    if (chance < errors) throw badUserInput('id', `no ${field}`)
    if (chance < errors + nulls) return null
    return FIELDS[typeName === 'Item' ? 'Book' : typeName]?.[field]?.(parent, args)
  }
}

const typesOf = (mishaps: Mishaps): Record<string, Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(FIELDS).map(([typeName, fields]) => [
      typeName,
      // The service that has the scores knows only items.
      Object.fromEntries(Object.keys(fields).map((field) => [field, resolver(field === 'score' ? 'Item' : typeName, field, mishaps)])),
    ]),
  )

export type Ask = (request: SubgraphRequest) => Promise<{ data?: unknown; errors?: readonly unknown[] }>

/** The services of the world, each with the fields that are its own. */
export function worldServices(mishaps: Mishaps): Readonly<Record<string, Ask>> {
  const types = typesOf(mishaps)
  return Object.fromEntries(
    worldSchemas().map(({ name, sdl }) => {
      const document = parse(sdl)
      const schema = buildSubgraphSchema({ typeDefs: document, resolvers: resolversFor(document, types) as never })
      const ask: Ask = async ({ query, operationName, variables }) => {
        const result = await execute({
          schema,
          document: parse(query),
          operationName: operationName ?? null,
          variableValues: variables,
        })
        return JSON.parse(JSON.stringify(result))
      }
      return [name, ask]
    }),
  )
}

function resolversFor({ definitions }: DocumentNode, types: Record<string, Record<string, unknown>>): object {
  const resolvers: Record<string, Record<string, unknown>> = {}
  for (const definition of definitions) {
    if (definition.kind === 'InterfaceTypeDefinition' || definition.kind === 'UnionTypeDefinition') {
      resolvers[definition.name.value] = { __resolveType: ({ __typename }: Ref) => __typename }
      if (definition.kind === 'InterfaceTypeDefinition' && definition.directives?.length)
        resolvers[definition.name.value] = {
          ...resolvers[definition.name.value],
          __resolveReference: (reference: Ref) => known(reference.id),
        }
    }
    if (definition.kind !== 'ObjectTypeDefinition') continue
    const { value: typeName } = definition.name
    const own = typeName === 'Item' ? { score: (types.Book as Record<string, unknown>).score } : (types[typeName] ?? {})
    const fields = (definition.fields ?? []).map(({ name }) => name.value).filter((field) => field in own)
    resolvers[typeName] = {
      ...Object.fromEntries(fields.map((field) => [field, own[field]])),
      ...(typeName !== 'Query' && { __resolveReference: (reference: Ref) => reference }),
    }
  }
  return resolvers
}

const known = (id: string): Ref => item(Number(id.slice(1)))

/** The same world in one schema, asked by graphql-js alone: what the gateway's answers are compared with. */
export function wholeWorld(
  apiSchema: GraphQLSchema,
  mishaps: Mishaps,
  refuse: (typeName: string, field: string) => Error | null = () => null,
) {
  const schema = buildSchema(printSchema(apiSchema))
  const types = typesOf(mishaps)
  return (document: DocumentNode, variableValues: Record<string, unknown>) =>
    execute({
      schema,
      document,
      variableValues,
      rootValue: {},
      fieldResolver: (parent, args, _context, { parentType, fieldName }) => {
        const refusal = refuse(parentType.name, fieldName)
        if (refusal) throw refusal
        const resolve = types[parentType.name]?.[fieldName] as Resolve | undefined
        return resolve ? resolve(parent, args) : (parent as Record<string, unknown>)[fieldName]
      },
      typeResolver: ({ __typename }: Ref) => __typename,
    })
}
