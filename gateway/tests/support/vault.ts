import { type TestSubgraph, testSubgraph } from './subgraphs.js'

const people = () =>
  testSubgraph({
    name: 'people',
    sdl: `
      type Query {
        open: String
        signedIn: String @authenticated
        scoped: String @requiresScopes(scopes: [["a", "b"], ["c"]])
        policed: String @policy(policies: [["owner", "adult"], ["root"]])
        both: String @authenticated @policy(policies: [["owner"]])
        person: Person
        people: [Person!]!
        grid: [[Person]]
        nobody: Person
        vault: Vault
        things: [Thing!]!
        found: [Found!]!
        level: Level
        stamp: Stamp
        account: Account
      }
      type Mutation {
        first: String
        second: String @authenticated
        third: String
        change: Person
      }
      type Person @key(fields: "id") {
        id: ID!
        name: String
        private: String @authenticated
        must: String! @authenticated
        friend: Person
        secretFriend: Person @requiresScopes(scopes: [["a"]])
      }
      type Vault @authenticated { gold: Int }
      interface Thing { id: ID! label: String }
      type Book implements Thing { id: ID! label: String }
      type Key implements Thing { id: ID! label: String @requiresScopes(scopes: [["a"]]) }
      union Found = Book | Vault
      enum Level @authenticated { LOW HIGH }
      scalar Stamp @requiresScopes(scopes: [["a"]])
      type Account @key(fields: "number") { number: ID @authenticated }
    `,
    resolvers: {
      Query: {
        open: () => 'open',
        signedIn: () => 'signed in',
        scoped: () => 'scoped',
        policed: () => 'policed',
        both: () => 'both',
        person: () => PERSON,
        people: () => [PERSON, { ...PERSON, id: '2' }],
        grid: () => [[PERSON, null], null, [PERSON]],
        nobody: () => null,
        vault: () => ({ gold: 7 }),
        things: () => [
          { __typename: 'Book', id: '1', label: 'a book' },
          { __typename: 'Key', id: '2', label: 'a key' },
        ],
        found: () => [
          { __typename: 'Book', id: '1', label: 'a book' },
          { __typename: 'Vault', gold: 7 },
        ],
        level: () => 'HIGH',
        stamp: () => 's',
        account: () => ({ number: '77' }),
      },
      Mutation: { first: () => '1', second: () => '2', third: () => '3', change: () => PERSON },
      Person: { friend: () => PERSON, secretFriend: () => PERSON },
    },
  })

const PERSON = { id: '1', name: 'Ada', private: 'diary', must: 'must' }

const notes = () =>
  testSubgraph({
    name: 'notes',
    sdl: `
      type Person @key(fields: "id") {
        id: ID!
        name: String @external
        notes: [String!] @authenticated
        greeting: String @requires(fields: "name")
        salary: Int @requiresScopes(scopes: [["c"]])
      }
      type Account @key(fields: "number") { number: ID @authenticated owner: String }
    `,
    resolvers: {
      Person: {
        __resolveReference: (person: object) => person,
        notes: () => ['a note'],
        greeting: ({ name }: { name: string }) => `Hello, ${name}`,
        salary: () => 9,
      },
      Account: { __resolveReference: (account: object) => account, owner: () => 'Ada' },
    },
  })

/** Two services that declare who may have what, and leave it to the gateway. */
export function vault(): {
  readonly people: TestSubgraph
  readonly notes: TestSubgraph
  readonly all: readonly TestSubgraph[]
  reset(): void
} {
  const all = [people(), notes()] as const
  return {
    people: all[0],
    notes: all[1],
    all,
    reset() {
      for (const { calls } of all) calls.length = 0
    },
  }
}
