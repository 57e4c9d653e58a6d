import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { getIntrospectionQuery, stripIgnoredCharacters } from 'graphql'
import { defaultLimits } from '../src/limits.js'
import { readSettings } from '../src/standalone/settings.js'
import { codesOf, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'
import { town } from './support/town.js'

const { all, reset } = town()
let running: Running
beforeAll(async () => {
  running = await startGateway({ subgraphs: all })
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})
afterEach(reset)

const times = (count: number, text: (n: number) => string): string => Array.from({ length: count }, (_, n) => text(n)).join(' ')
const calls = () => all.flatMap(({ calls }) => calls)

const pages = (count: number) => `{ posts { ${times(count, () => 'nodes { id }')} } }`
const fragments = (count: number) =>
  `{ post(id: "a") { ...F0 } } ${times(count - 1, (n) => `fragment F${n} on Post { ...F${n + 1} }`)} fragment F${count - 1} on Post { id }`
const variables = (count: number) => `query (${times(count, (n) => `$v${n}: Int`)}) { posts { totalCount } }`

describe('an operation', () => {
  it.each([
    ['aliases', `{ posts { ${times(501, (n) => `a${n}: totalCount`)} } }`, 500],
    ['aliases of __typename', `{ posts { ${times(501, (n) => `a${n}: __typename`)} } }`, 500],
    [
      'aliases by fragments',
      `{ posts { nodes { ${times(26, () => '...F')} } } } fragment F on Post { ${times(20, (n) => `a${n}: title`)} }`,
      500,
    ],
    ['directives', `{ posts { nodes { ${times(501, () => 'id @include(if: true)')} } } }`, 500],
    ['directives on one field', `{ posts { totalCount ${times(501, () => '@include(if: true)')} } }`, 500],
    ['fields within each other', `{ posts { nodes { ${times(48, () => 'older {')} id ${times(48, () => '}')} } } }`, 50],
    ['fields of one name in one place', pages(400), 50_000],
    ['fragments', fragments(501), 500],
    ['fragments of one name', `{ ...F } ${times(501, () => 'fragment F on Query { __typename }')}`, 500],
    ['operations', times(51, (n) => `query Q${n} { __typename }`), 50],
    ['variables', variables(501), 500],
    ['root fields', `{ ${times(51, (n) => `a${n}: __typename`)} }`, 50],
    ['posts on one page', '{ posts(first: 1001) { totalCount } }', 1_000],
    ['the schema, again and again', wholeSchema(6), 5],
    ['the schema, deep', `{ __schema { types { ${times(400, (n) => `f${n}: fields { type { fields { args { name } } } }`)} } } }`, 5],
  ])('is refused before anything runs for too many %s', async (_, query, limit) => {
    const answer = await running.ask(query)
    expect({ status: answer.status, codes: codesOf(answer) }).toEqual({ status: 400, codes: ['TOO_COMPLEX'] })
    expect(answer.json.errors?.[0]?.extensions?.limit).toBe(limit)
    expect(calls()).toEqual([])
  })

  it.each([
    ['aliases', `{ posts { ${times(100, (n) => `a${n}: totalCount`)} } }`],
    ['fields of one name', pages(100)],
    ['fragments', fragments(100)],
    ['variables', variables(100)],
    ['the whole schema', wholeSchema(1)],
  ])('may well have many %s', async (_, query) => {
    expect(codesOf(await running.ask(query))).not.toContain('TOO_COMPLEX')
  })

  it('is refused for a page by a variable, or as preset, as well', async () => {
    const query = 'query ($first: Int! = 5000) { posts(first: $first) { totalCount } }'
    expect(codesOf(await running.ask(query, { first: 1001 }))).toEqual(['TOO_COMPLEX'])
    expect(codesOf(await running.ask(query))).toEqual(['TOO_COMPLEX'])
    expect(codesOf(await running.ask(query, { first: 10 }))).toEqual([])
  })

  it.each([
    ['many variables', Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`v${n}`, n]))],
    ['many values', { list: Array.from({ length: 1_000_000 }, () => 1) }],
    ['many values within each other', { list: Array.from({ length: 1_000 }, () => Array.from({ length: 200 }, () => 1)) }],
  ])('is refused for %s', async (_, given) => {
    expect(codesOf(await running.ask('{ posts { totalCount } }', given))).toEqual(['TOO_COMPLEX'])
    expect(calls()).toEqual([])
  })

  it('tells all that is wrong with it, each fault with its place', async () => {
    const answer = await running.ask('{ nothing posts { neither } }')
    expect(codesOf(answer)).toEqual(['GRAPHQL_VALIDATION_FAILED', 'GRAPHQL_VALIDATION_FAILED'])
    expect(answer.json.errors?.map(({ locations }) => locations)).toEqual([[{ line: 1, column: 3 }], [{ line: 1, column: 19 }]])
  })
})

describe('a graph that can not be written to or followed', () => {
  it('says so', async () => {
    const service = testSubgraph({ name: 'reading', sdl: 'type Query { a: String }', resolvers: { Query: { a: () => 'a' } } })
    await using reading = await startGateway({ subgraphs: [service] })
    for (const query of ['mutation { a }', 'subscription { a }', 'query A { a } mutation B { a }']) {
      const answer = await reading.ask(query)
      expect({ query, status: answer.status, codes: codesOf(answer) }).toEqual({ query, status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] })
    }
    expect((await reading.ask('{ a }')).json).toEqual({ data: { a: 'a' } })
  })
})

describe('fragments that lead to themselves', () => {
  it.each([
    'fragment A on Post { ...A }',
    'fragment A on Post { older { ...B } } fragment B on Post { ...C } fragment C on Post { older { ...A } }',
    'fragment A on Post { ...A } fragment A on Post { id }',
  ])('are a fault of the operation: %s', async (text) => {
    const answer = await running.ask(`{ post(id: "a") { ...A } } ${text}`)
    expect(new Set(codesOf(answer))).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']))
  })
})

/** What tools ask for, as many times. */
function wholeSchema(count: number): string {
  const text = stripIgnoredCharacters(getIntrospectionQuery())
  const [, selection, fragments] = /__schema(\{.*?)\}(fragment .*)$/.exec(text) ?? []
  return `{ ${times(count, (n) => `s${n}: __schema { ...S }`)} } fragment S on __Schema ${selection} ${fragments}`
}

describe('the bounds', () => {
  it('are told to people as they are', () => {
    const text = readFileSync(new URL('../../docs/gateway.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `(\w+)` +\| ([\d,]+) +\|/gm)].map(([, name, value = '']) => [
      name,
      Number(value.replaceAll(',', '')),
    ])
    expect(Object.fromEntries(rows)).toEqual(defaultLimits)
  })

  it('are all set by their names', () => {
    for (const name of Object.keys(defaultLimits))
      expect(readSettings(['--supergraph', 'a', '--limit', `${name}=7`])?.limits).toMatchObject({ [name]: 7 })
  })
})
