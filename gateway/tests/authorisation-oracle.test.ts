import { composeServices } from '@apollo/composition'
import { operationFromDocument, type Schema } from '@apollo/federation-internals'
import { type QueryPlan, QueryPlanner } from '@apollo/query-planner'
import type { Asking } from '@ashlar/kit/caller'
import { silentLog } from '@ashlar/kit/log'
import { askingAsNobody } from '@ashlar/kit/testing/callers'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { type DocumentNode, type GraphQLError, getOperationAST, parse, validate } from 'graphql'
import { readAnswer } from '../src/data-sources/answer.js'
import type { Source } from '../src/data-sources/source.js'
import { compileOperation } from '../src/execution/compiled-operation.js'
import { stringifyAnswer } from '../src/execution/written-data.js'
import { type LoadedGraph, loadGraph } from '../src/load-graph.js'
import { loadSupergraph } from '../src/planning/load-supergraph.js'
import { plannable } from '../src/planning/plannable.js'
import { Authorisation, refusalFor } from '../src/rules/authorisation.js'
import { randomOperation } from './support/random-operations.js'
import { IDENTITY } from './support/running-gateway.js'
import { wholeWorld, worldSchemas, worldServices } from './support/world.js'

const NO_MISHAPS = { nulls: 0, errors: 0, seed: 1 }
const DEPTH = 5
const OPERATIONS = 80

/** What is asked for fields of the world: by a sign-in, or by a scope. Those of interfaces are the same for all who implement them. */
const MARKS: Readonly<Record<string, string>> = {
  'User.nickname': 'a',
  'User.role': 'signed in',
  'User.friends': 'b',
  'User.best': 'a',
  'User.settings': 'signed in',
  'User.karma': 'a',
  'Book.pages': 'signed in',
  'Book.author': 'b',
  'Film.minutes': 'a',
  'Film.inStock': 'signed in',
  'Review.body': 'a',
  'Review.about': 'signed in',
  'Query.latest': 'b',
}
const CALLERS: Readonly<Record<string, readonly string[] | null>> = { nobody: null, somebody: [], a: ['a'], 'a and b': ['a', 'b'] }

const directiveOf = (mark: string) => (mark === 'signed in' ? '@authenticated' : `@requiresScopes(scopes: [["${mark}"]])`)

/** The same schemas with the marks at the definitions of the fields. */
const marked = (sdl: string): string =>
  sdl
    .replace('"@key"', '"@key", "@authenticated", "@requiresScopes"')
    .replaceAll(/\b(type (\w+)[^{]*\{)([^}]*)\}/g, (_, head: string, typeName: string, body: string) => {
      const fields = body.replaceAll(/(\w+)(\([^)]*\))?: (\[?\w+!?\]?!?)(?![\w!\]])(?! @external)/g, (field: string, name: string) => {
        const mark = MARKS[`${typeName}.${name}`]
        return mark ? `${field} ${directiveOf(mark)}` : field
      })
      return `${head}${fields}}`
    })

let graph: LoadedGraph
let apiSchema: Schema
let planner: QueryPlanner
let authorisation: Authorisation
beforeAll(async () => {
  const services = worldSchemas().map(({ name, sdl }) => ({ name, typeDefs: parse(marked(sdl)) }))
  const { supergraphSdl, errors } = composeServices(services)
  if (!supergraphSdl) throw new Error(errors?.join('\n'))
  graph = await loadGraph(supergraphSdl)
  const supergraph = loadSupergraph(supergraphSdl)
  apiSchema = supergraph.apiSchema()
  planner = new QueryPlanner(supergraph)
  authorisation = new Authorisation({ schema: graph.supergraphSchema })
}, 60_000)

function planOf(query: string | null): QueryPlan {
  if (query === null) return { kind: 'QueryPlan' }
  const { operation, meanings } = plannable({ query, operationName: null }, graph)
  const built = planner.buildQueryPlan(operationFromDocument(apiSchema, parse(operation.query), { validate: false }))
  return JSON.parse(JSON.stringify({ ...built, meanings }))
}

interface Answer {
  readonly data: unknown
  readonly errors?: readonly { readonly path: readonly (string | number)[]; readonly extensions: { readonly code: string } }[]
}

const askingWith = (scopes: readonly string[] | null): Asking => ({ ...askingAsNobody(), identity: scopes && { ...IDENTITY, scopes } })
const meets = (mark: string | undefined, scopes: readonly string[] | null): boolean =>
  mark === undefined || (scopes !== null && (mark === 'signed in' || scopes.includes(mark)))

async function ask(document: DocumentNode, query: string, variables: Record<string, unknown>, asking: Asking) {
  const operation = getOperationAST(document)
  if (!operation) throw new Error('no operation')
  const { refusals } = authorisation.authorise(document, operation, asking.identity, new Set())
  const asked: string[] = []
  const sources = Object.fromEntries(
    Object.entries(worldServices(NO_MISHAPS)).map(([name, answer]): [string, Source] => [
      name,
      {
        async ask(request) {
          asked.push(request.query)
          return readAnswer(await answer(request))
        },
      },
    ]),
  )
  const planned = { plan: planOf(refusals ? refusals.left : query), document: refusals?.asked ?? document, operationName: null, refusals }
  const execute = compileOperation(planned, graph.schema, { schema: graph.supergraphSchema, sources, log: silentLog() })
  const { data, errors = [] } = JSON.parse(stringifyAnswer(await execute(variables, asking))) as Answer
  return { data, errors, asked }
}

/** The same by graphql-js alone, where each field asks for itself. */
async function expected(document: DocumentNode, variables: Record<string, unknown>, scopes: readonly string[] | null): Promise<Answer> {
  const refuse = (typeName: string, field: string): GraphQLError | null =>
    meets(MARKS[`${typeName}.${field}`], scopes) ? null : refusalFor(askingWith(scopes).identity)
  return JSON.parse(JSON.stringify(await wholeWorld(graph.schema, NO_MISHAPS, refuse)(document, variables))) as Answer
}

const placesOf = ({ errors = [] }: Pick<Answer, 'errors'>) => errors.map(({ path, extensions }) => `${path.join('.')} ${extensions.code}`)

describe.each(Object.entries(CALLERS))('what %s may have', (_, scopes) => {
  it('is what each field would say for itself, whatever is asked for, and no more is fetched', async () => {
    let refused = 0
    for (let seed = 0; seed < OPERATIONS; seed += 1) {
      const { query, variables } = randomOperation(graph.schema, seed, DEPTH)
      const document = parse(query)
      if (validate(graph.schema, document).length > 0) continue
      const answer = await ask(document, query, variables, askingWith(scopes))
      const { data, ...others } = await expected(document, variables, scopes)
      expect({ query, data: answer.data }).toEqual({ query, data })
      // Where several are to blame for one null, any of them may be told.
      const told = new Set(placesOf(answer))
      for (const place of placesOf(others)) expect({ query, told: [...told] }).toEqual({ query, told: expect.arrayContaining([place]) })
      expect(new Set(answer.errors.map(({ extensions }) => extensions.code)).size).toBeLessThanOrEqual(1)
      for (const [field, mark] of Object.entries(MARKS)) {
        const [, name = ''] = field.split('.')
        // Names that are marked wherever they stand.
        if (!meets(mark, scopes) && !['inStock', 'author'].includes(name))
          for (const text of answer.asked)
            expect({ query, text, asks: new RegExp(`\\b${name}\\b(?!:)`).test(text) }).toEqual({ query, text, asks: false })
      }
      refused += told.size
    }
    expect(refused > 0).toBe(scopes?.length !== 2)
  }, 120_000)
})
