import { describe, expect, it } from '@jest/globals'
import { buildSchema, getOperationAST, parse } from 'graphql'
import { compileWriter } from '../src/execution/response-writer.js'

const SCHEMA = buildSchema(`
  scalar Json
  enum Mood { GLAD SAD }
  interface Named { name: String }
  type Query { thing: Thing things: [Thing!] grid: [[Int!]]! any: Named }
  type Thing implements Named {
    name: String id: ID count: Int size: Float yes: Boolean mood: Mood json: Json sure: String! inner: Thing tags: [String]
    constructor: String toString: String __proto__: String
  }
`)

const QUERY = `{
  thing { ...All inner { ...All inner { sure } } tags }
  things { name }
  grid
  any { __typename name ... on Thing { count } }
}
fragment All on Thing { name id count size yes mood json constructor toString __proto__ valueOf: name __proto: sure }`

interface Written {
  readonly text: string
  readonly faulty: boolean
}

interface How {
  readonly codeAfter: number
  readonly plain?: boolean
  readonly shared?: ReadonlySet<object>
}

function write(data: object, { codeAfter, plain = false, shared }: How): Written {
  const document = parse(QUERY)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('no operation')
  const fragments = new Map(
    document.definitions.flatMap((each) => (each.kind === 'FragmentDefinition' ? [[each.name.value, each] as const] : [])),
  )
  const writer = compileWriter({
    schema: SCHEMA,
    operation,
    fragments,
    conditions: new Map(),
    introspect: () => () => 'null',
    dataKeyOf: ({ alias, name }) => (alias ?? name).value,
    codeAfter,
  })
  return writer.write(data, { shared: shared ?? null, plain, variables: {} })
}

const BY_NODES = { codeAfter: Number.POSITIVE_INFINITY }
const BY_CODE = { codeAfter: 0 }

const TEXTS = [
  '',
  'plain',
  'Grüße 😀',
  'a "quote"',
  'back\\slash',
  'a\nline',
  '\u0000\u001f',
  '\u2028\u2029',
  '\ud800 alone',
  "`\\`\\u0022)},'//*/",
  '</script>',
]
const OTHERS = [null, undefined, 0, -0, 1.5, 2 ** 31, -(2 ** 31), 1e21, true, false, 'GLAD', [], {}, [1], { a: ['"'] }, () => 'a function']
const FIELDS = ['name', 'id', 'count', 'size', 'yes', 'mood', 'json', 'sure', 'inner', 'tags', 'constructor', 'valueOf', '__typename']
const whole = { sure: 'yes', __proto: 'yes', name: 'n', id: '1', count: 1, size: 1.5, yes: true, mood: 'SAD', json: {}, tags: ['a', null] }

describe('code that is generated to write an answer', () => {
  it.each(FIELDS)('writes whatever a service may answer for %s as it is written without', (field) => {
    for (const value of [...TEXTS, ...OTHERS]) {
      const thing = { ...whole, [field]: value }
      for (const data of [
        { thing, grid: [] },
        { thing: { ...whole, inner: thing }, grid: [] },
        { things: [whole, thing], any: thing, grid: [[1], null] },
      ])
        expect({ value, ...write(data, BY_CODE) }).toEqual({ value, ...write(data, BY_NODES) })
    }
  })

  it('takes a key for what it is, also one that every object inherits', () => {
    const thing = JSON.parse('{"__proto":"s","__proto__":"p","constructor":"c","toString":"t","valueOf":"v"}')
    const { thing: written } = JSON.parse(write({ thing, grid: [] }, BY_CODE).text)
    expect(Object.getOwnPropertyDescriptor(written, '__proto__')?.value).toBe('p')
    expect([written.constructor, written.toString, written.valueOf]).toEqual(['c', 't', 'v'])
    const { thing: empty } = JSON.parse(write({ thing: { __proto: 's' }, grid: [] }, BY_CODE).text)
    expect([Object.getOwnPropertyDescriptor(empty, '__proto__')?.value, empty.constructor, empty.toString]).toEqual([null, null, null])
  })

  it('escapes nothing only where it is told that nothing needs it', () => {
    const data = { things: TEXTS.map((name) => ({ name })), grid: [] }
    expect(JSON.parse(write(data, BY_CODE).text).things).toEqual(data.things)
    const plain = { things: [{ name: 'plain' }, { name: 'Grüße 😀' }], grid: [] }
    expect(write(plain, { ...BY_CODE, plain: true })).toEqual(write(plain, BY_NODES))
  })

  it('writes what stands in several places there as well', () => {
    const thing = { ...whole, inner: { ...whole } }
    const data = { thing, things: [thing, thing], any: thing, grid: [] }
    const shared = new Set<object>([thing, thing.inner])
    expect(write(data, { ...BY_CODE, shared })).toEqual(write(data, BY_NODES))
  })

  it('is done without where a policy forbids code from strings', () => {
    const { Function: usual } = globalThis
    globalThis.Function = function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context')
    } as never
    try {
      const data = { thing: whole, grid: [[1, 2]] }
      expect(write(data, BY_CODE)).toEqual(write(data, BY_NODES))
    } finally {
      globalThis.Function = usual
    }
  })
})
