import { describe, expect, it } from '@jest/globals'
import { buildSchema, getOperationAST, parse, validate } from 'graphql'
import { compileCost } from '../src/cost.js'

const SCHEMA = buildSchema(`
  directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
  directive @listSize(
    assumedSize: Int
    slicingArguments: [String!]
    sizedFields: [String!]
    requireOneSlicingArgument: Boolean = true
  ) on FIELD_DEFINITION

  type Query {
    book: Book
    shelf: [Book!]!
    bestsellers: [Book] @listSize(assumedSize: 5)
    newest(limit: Int): [Book] @listSize(slicingArguments: ["limit"])
    posts(first: Int! = 20, last: Int): PostConnection
      @listSize(slicingArguments: ["first", "last"], sizedFields: ["nodes", "edges"], assumedSize: 20, requireOneSlicingArgument: false)
    search(by: Search, dear: Int @cost(weight: 7)): Found
    titles: [String!]!
  }
  type Mutation { write(input: Write!): Book }
  type Book { title: String author: Author address: Address pages(first: Int): [Page!] @listSize(slicingArguments: ["first"], assumedSize: 3) }
  type Page { text: String }
  type Author { name: String }
  type Address @cost(weight: 5) { zip: Zip line: String }
  scalar Zip @cost(weight: 2)
  type PostConnection { nodes: [Book!]! edges: [Edge!]! totalCount: Int @cost(weight: 10) }
  type Edge { node: Book }
  union Found = Book | Author
  input Search { words: String @cost(weight: 3) and: Search all: [Search!] }
  input Write { title: String! tags: [Tag!] }
  input Tag { name: String @cost(weight: 1) }
`)

function costOf(query: string, variables: Record<string, unknown> = {}): number {
  const document = parse(query)
  expect(validate(SCHEMA, document)).toEqual([])
  const operation = getOperationAST(document)
  if (!operation) throw new Error('no operation')
  return compileCost(document, operation, { schema: SCHEMA, listSize: 10 })(variables)
}

describe('what an operation may cost', () => {
  it.each([
    ['{ __typename }', 0],
    ['{ book { title } }', 1],
    ['{ book { title author { name } } }', 2],
    ['{ book { address { line zip } } }', 1 + 5 + 2],
    ['{ titles }', 0],
    ['{ shelf { title } }', 10],
    ['{ bestsellers { title author { name } } }', 5 * 2],
    ['{ newest(limit: 3) { title } }', 3],
    ['{ newest(limit: -3) { title } }', 0],
    ['{ newest { title } }', 10],
    ['{ book { pages { text } } }', 1 + 3],
    ['{ a: book { title } b: book { title } }', 2],
    ['mutation { write(input: { title: "a" }) { title } }', 10 + 1],
    ['mutation { write(input: { title: "a", tags: [{ name: "b" }, { name: "c" }, {}] }) { title } }', 10 + 1 + 2],
  ])('%s', (query, cost) => {
    expect(costOf(query)).toBe(cost)
  })

  it('of a page is that of its elements, as many as are asked for or preset, and of what it counts', () => {
    expect(costOf('{ posts { nodes { title } } }')).toBe(1 + 20)
    expect(costOf('{ posts(first: 100) { nodes { author { name } } totalCount } }')).toBe(1 + 100 * 2 + 10)
    expect(costOf('{ posts(first: 2, last: 50) { edges { node { title } } } }')).toBe(1 + 50 * 2)
    expect(costOf('query ($n: Int!) { posts(first: $n) { nodes { title } } }', { n: 7 })).toBe(1 + 7)
    expect(costOf('query ($n: Int! = 9) { posts(first: $n) { nodes { title } } }')).toBe(1 + 9)
    expect(costOf('{ posts(first: 100) { nodes { pages(first: 100) { text } } } }')).toBe(1 + 100 * (1 + 100))
  })

  it('of a fragment is that of its fields, wherever it is spread', () => {
    const query =
      '{ book { ...B } bestsellers { ...B } search { ... on Book { author { name } } ... on Author { name } } } fragment B on Book { author { name } }'
    expect(costOf(query)).toBe(2 + 5 * 2 + 1 + 1)
  })

  it('of what a condition leaves out is nothing', () => {
    const query = 'query ($yes: Boolean!, $no: Boolean! = false) { book @include(if: $yes) { title } shelf @include(if: $no) { title } }'
    expect(costOf(query, { yes: true })).toBe(1)
    expect(costOf(query, { yes: false, no: true })).toBe(10)
    expect(costOf('{ shelf @skip(if: true) { title } ... on Query @include(if: false) { book { title } } }')).toBe(0)
  })

  it('of arguments is what the schema says, in variables and however deep', () => {
    expect(costOf('{ search(dear: 1) { __typename } }')).toBe(1 + 7)
    expect(costOf('{ search(dear: null) { __typename } }')).toBe(1)
    expect(costOf('{ search(by: { words: "a" }) { __typename } }')).toBe(1 + 3)
    expect(
      costOf('query ($by: Search) { search(by: $by) { __typename } }', {
        by: { words: 'a', all: [{ words: 'b' }, { and: { words: 'c' } }] },
      }),
    ).toBe(1 + 3 * 3)
    expect(costOf('query ($by: Search) { search(by: $by) { __typename } }')).toBe(1)
  })

  it('can be told for a variable that is called like something that all objects have', () => {
    expect(costOf('query ($constructor: Int) { newest(limit: $constructor) { title } }', {})).toBe(10)
    expect(costOf('query ($__proto__: Int) { newest(limit: $__proto__) { title } }', JSON.parse('{ "__proto__": 4 }'))).toBe(4)
  })
})
