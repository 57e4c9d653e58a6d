import { composeServices } from '@apollo/composition'
import { operationFromDocument, type Schema } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import { silentLog } from '@ashlar/kit/log'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { type DocumentNode, parse, validate } from 'graphql'
import { readAnswer, readAnswerText } from '../src/data-sources/answer.js'
import type { Answer, Source } from '../src/data-sources/source.js'
import { compileOperation } from '../src/execution/compiled-operation.js'
import { stringifyAnswer } from '../src/execution/written-data.js'
import { type LoadedGraph, loadGraph } from '../src/load-graph.js'
import { loadSupergraph } from '../src/planning/load-supergraph.js'
import { plannable } from '../src/planning/plannable.js'
import { randomOperation } from './support/random-operations.js'
import { type Mishaps, wholeWorld, worldSchemas, worldServices } from './support/world.js'

let graph: LoadedGraph
let apiSchema: Schema
let planner: QueryPlanner

beforeAll(async () => {
  const composed = composeServices(worldSchemas().map(({ name, sdl }) => ({ name, typeDefs: parse(sdl) })))
  if (!composed.supergraphSdl) throw new Error(composed.errors?.join('\n'))
  graph = await loadGraph(composed.supergraphSdl)
  const supergraph = loadSupergraph(composed.supergraphSdl)
  apiSchema = supergraph.apiSchema()
  planner = new QueryPlanner(supergraph)
}, 60_000)

const sourcesOf = (mishaps: Mishaps, read: (answer: unknown) => Answer): Record<string, Source> =>
  Object.fromEntries(
    Object.entries(worldServices(mishaps)).map(([name, ask]) => [name, { ask: async (request) => read(await ask(request)) }]),
  )

const plans = new Map<string, string>()
function planOf(query: string): string {
  const known = plans.get(query)
  if (known) return known
  const { operation, meanings } = plannable({ query, operationName: null }, graph)
  const document = parse(operation.query)
  const built = planner.buildQueryPlan(operationFromDocument(apiSchema, document, { validate: false }))
  const plan = JSON.stringify({ ...built, meanings })
  plans.set(query, plan)
  return plan
}

interface How {
  readonly sources: Record<string, Source>
  /** After how many answers code is generated for them. */
  readonly codeAfter: number
}

function compile(document: DocumentNode, query: string, { sources, codeAfter }: How) {
  const plan = JSON.parse(planOf(query))
  return compileOperation({ plan, document, operationName: null }, graph.schema, {
    schema: graph.supergraphSchema,
    sources,
    log: silentLog(),
    codeAfter,
  })
}

interface Failure {
  readonly path: readonly (string | number)[]
}

const at = (data: unknown, path: readonly (string | number)[]): unknown =>
  path.reduce((value: unknown, key) => (value as Record<string | number, unknown> | null | undefined)?.[key], data)

const isLeaf = (data: unknown, path: Failure['path']): boolean => !['object', 'undefined'].includes(typeof at(data, path))

/** A path as far as there is something: beyond it, of several errors one is enough (GraphQL, Handling Execution Errors). */
function standing(data: unknown, path: Failure['path']): string {
  const end = path.findIndex((_, index) => (at(data, path.slice(0, index + 1)) ?? null) === null)
  // The field itself, where only it is null.
  return path.slice(0, end === path.length - 1 ? path.length : Math.max(end, 0)).join('.')
}

async function compare(seed: number, mishaps: Mishaps) {
  const { query, variables } = randomOperation(graph.schema, seed, DEPTH)
  const document = parse(query)
  // Of what is made at random some can't be merged: that is the validation's business.
  if (validate(graph.schema, document).length > 0) return null
  const without = { sources: sourcesOf(mishaps, readAnswer), codeAfter: Number.POSITIVE_INFINITY }
  const outcome = await compile(document, query, without)(variables, askingAsNobody())
  const withCode = { sources: sourcesOf(mishaps, (answer) => readAnswerText(JSON.stringify(answer))), codeAfter: 0 }
  const same = await compile(document, query, withCode)(variables, askingAsNobody())
  expect({ query, text: stringifyAnswer(same) }).toEqual({ query, text: stringifyAnswer(outcome) })
  const { data, errors = [] } = JSON.parse(stringifyAnswer(outcome)) as { data: unknown; errors?: Failure[] }
  const whole = await wholeWorld(graph.schema, mishaps)(document, variables)
  const expected = JSON.parse(JSON.stringify(whole)) as { data: unknown; errors?: Failure[] }
  return { query, text: stringifyAnswer(outcome), data, errors, expected: { errors: [], ...expected } }
}

interface Called {
  readonly service: string
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Carries an operation out in a world without mishaps, unless `instead` answers for a service, and says what was asked. */
async function carryOut(
  query: string,
  { variables = {}, instead = {} }: { variables?: Record<string, unknown>; instead?: Record<string, (called: Called) => unknown> } = {},
) {
  const called: Called[] = []
  const sources = Object.fromEntries(
    Object.entries(worldServices({ nulls: 0, errors: 0, seed: 1 })).map(([service, ask]): [string, Source] => [
      service,
      {
        async ask(request) {
          const call = { service, query: request.query, variables: request.variables }
          called.push(call)
          expect(JSON.parse(request.body ?? '')).toEqual({
            query: request.query,
            ...(request.operationName && { operationName: request.operationName }),
            variables: request.variables,
          })
          return readAnswer((await instead[service]?.(call)) ?? (await ask(request)))
        },
      },
    ]),
  )
  const outcome = await compile(parse(query), query, { sources, codeAfter: 0 })(variables, askingAsNobody())
  const { data, errors = [] } = JSON.parse(stringifyAnswer(outcome))
  return { data, errors, called, of: (service: string) => called.filter((call) => call.service === service) }
}

describe('what services are asked', () => {
  it('names each entity once, wherever and however often it stands', async () => {
    const { data, of } = await carryOut('{ users(first: 4) { friends(first: 3) { karma } best { karma } } }')
    const [call, ...more] = of('opinions')
    expect(more).toEqual([])
    for (const representations of Object.values(call?.variables ?? {}) as { id: string }[][])
      expect(new Set(representations.map(({ id }) => id)).size).toBe(representations.length)
    expect(data.users[0].best.karma).toEqual(expect.any(Number))
  })

  it('goes out as one where one step asks one service for several things', async () => {
    const query =
      'query ($n: Int!) { users(first: $n) { reviews { id } friends(first: $n) { reviews { stars } } best { karma } } me { favourite { reviews { id } } } }'
    const { data, errors, of } = await carryOut(query, { variables: { n: 2 } })
    expect(errors).toEqual([])
    expect(of('opinions')).toHaveLength(1)
    expect(data.users[1].best.karma).toEqual(expect.any(Number))
  })

  it('has its variables beside those that the gateway makes, whatever they are called', async () => {
    const query = 'query ($r0: Int!, $e0: Int!) { users(first: $r0) { karma friends(first: $e0) { karma } } }'
    const { data, errors } = await carryOut(query, { variables: { r0: 3, e0: 1 } })
    expect(errors).toEqual([])
    expect(data.users).toHaveLength(3)
  })

  it('leaves out what is known to be selected nowhere', async () => {
    const query = 'query ($yes: Boolean! = true) { me { name karma @skip(if: $yes) } }'
    const { data, of } = await carryOut(query)
    expect(data).toEqual({ me: { name: expect.any(String) } })
    expect(of('opinions')).toEqual([])
    expect((await carryOut(query, { variables: { yes: false } })).data.me.karma).toEqual(expect.any(Number))
  })
})

describe('an error of a service', () => {
  it('is told at every place where the entity stands', async () => {
    const answer = ({ variables }: Called) => ({
      data: { _entities: (variables.representations as unknown[]).map((_, at) => (at === 0 ? null : { karma: 1 })) },
      errors: [{ message: 'no', path: ['_entities', 0, 'karma'], extensions: { code: 'FORBIDDEN' } }],
    })
    const { data, errors } = await carryOut('{ grid { __typename ... on Book { author { id karma } } } }', {
      instead: { opinions: answer },
    })
    const authors = data.grid.flat().map((item: { author?: { id: string; karma: number | null } }) => item.author)
    const failing = authors.filter((author: { karma: number | null } | undefined) => author?.karma === null)
    expect(failing.length).toBeGreaterThan(0)
    expect(errors).toHaveLength(failing.length)
    for (const { path } of errors) expect(path.slice(-2)).toEqual(['author', 'karma'])
  })

  it('without a path is told once for all that was asked', async () => {
    const instead = { opinions: () => ({ data: null, errors: [{ message: 'busy', extensions: { code: 'RATE_LIMITED' } }] }) }
    const { data, errors } = await carryOut('{ users(first: 3) { name karma } }', { instead })
    expect(data.users.map(({ karma }: { karma: null }) => karma)).toEqual([null, null, null])
    expect(errors.map(({ path }: Failure) => path)).toEqual([['users', 0, 'karma']])
  })

  it('is that of what was answered wrongly alone, where several things went out as one', async () => {
    const query = '{ users(first: 2) { karma friends(first: 1) { reviews { id } } } }'
    const { of: usual } = await carryOut(query)
    const [call] = usual('opinions')
    expect(Object.keys(call?.variables ?? {})).toHaveLength(2)
    const wrong = ({ variables }: Called) => ({
      data: { e0: (variables.r0 as unknown[]).map(() => ({ karma: 7 })), e1: 'not a list' },
    })
    const { data, errors } = await carryOut(query, { instead: { opinions: wrong } })
    expect(data.users.map(({ karma }: { karma: number }) => karma)).toEqual([7, 7])
    expect(errors.map(({ path, extensions }: Failure & { extensions: { code: string } }) => [path.at(-1), extensions.code])).toEqual([
      ['reviews', 'SUBGRAPH_UNAVAILABLE'],
    ])
  })
})

const ROUNDS = 150
const DEPTH = 4

describe('a plan that is carried out', () => {
  it('answers what one service that has it all would answer, to the order of its fields', async () => {
    let compared = 0
    for (let seed = 1; compared < ROUNDS; seed += 1) {
      const found = await compare(seed, { nulls: 0, errors: 0, seed })
      if (!found) continue
      compared += 1
      expect({ seed, query: found.query, errors: found.errors, data: found.data }).toEqual({
        seed,
        query: found.query,
        errors: [],
        data: found.expected.data,
      })
      expect(found.text).toBe(`${JSON.stringify({ data: found.expected.data })}\n`)
    }
  }, 120_000)

  it('loses what must not be null, and what stands around it, as one service would', async () => {
    let compared = 0
    let faulty = 0
    for (let seed = 1; compared < ROUNDS; seed += 1) {
      const found = await compare(seed, { nulls: 60, errors: 40, seed })
      if (!found) continue
      compared += 1
      if (found.errors.length > 0) faulty += 1
      expect({ seed, query: found.query, data: found.data }).toEqual({ seed, query: found.query, data: found.expected.data })
      const paths = found.errors.map(({ path }: Failure) => path.join('.'))
      const untold = found.expected.errors.filter(({ path }) => !paths.some((told: string) => told.startsWith(standing(found.data, path))))
      expect({ seed, query: found.query, untold }).toEqual({ seed, query: found.query, untold: [] })
      // What fails on the way to something else is told of the object that it is asked of, and never of what is there.
      const expected = new Set(found.expected.errors.map(({ path }) => path.join('.')))
      const more = found.errors.filter(({ path }: Failure) => !expected.has(path.join('.')) && isLeaf(found.data, path))
      expect({ seed, query: found.query, more }).toEqual({ seed, query: found.query, more: [] })
    }
    expect(faulty).toBeGreaterThan(ROUNDS / 4)
  }, 120_000)
})
