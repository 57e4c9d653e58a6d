import { buildSubgraphSchema } from '@apollo/subgraph'
import { augmentSchema } from '@ashlar/kit/augment-schema'
import type { Asking } from '@ashlar/kit/caller'
import { AshlarError, meantError } from '@ashlar/kit/errors'
import { expandSubject } from '@ashlar/kit/expand-subject'
import { type DocumentNode, type ExecutionResult, execute, type GraphQLError, type GraphQLSchema, parse, print, subscribe } from 'graphql'
import type { GatewaySubgraph, SubgraphRequest, SubgraphResult } from '../../src/subgraph.js'

export interface Call extends SubgraphRequest {
  readonly asking: Asking
}

/** A service in a test: what it was asked, and a way to have it do otherwise for a while. */
export interface TestSubgraph extends GatewaySubgraph {
  readonly schema: GraphQLSchema
  readonly calls: Call[]
  /** Instead of answering; undefined lets it answer again. */
  behave(instead: ((request: SubgraphRequest) => Promise<SubgraphResult>) | undefined): void
}

export interface TestSubgraphOptions {
  readonly name: string
  readonly sdl: string
  readonly resolvers: object
  /** The types that `Subject` is expanded to, where the service has it. */
  readonly subjects?: readonly string[]
}

const IMPORTS = [
  ...['@key', '@shareable', '@inaccessible', '@interfaceObject', '@external', '@requires'],
  ...['@authenticated', '@requiresScopes', '@policy'],
]
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify(IMPORTS)})`

/** What a resolver of a subscription gets as its context. */
export interface Following extends Asking {
  readonly askingNow: () => Asking
  readonly signal: AbortSignal
}

/** A service over @apollo/subgraph, as small as a test needs it. Its resolvers get the `Asking` as their context. */
export function testSubgraph({ name, sdl, resolvers, subjects = [] }: TestSubgraphOptions): TestSubgraph {
  const typeDefs: DocumentNode = augmentSchema(`${LINK}\n${sdl}`)
  const schema = buildSubgraphSchema({ typeDefs: expandSubject(typeDefs, subjects), resolvers: resolvers as never })
  const calls: Call[] = []
  let behaviour: ((request: SubgraphRequest) => Promise<SubgraphResult>) | undefined
  return {
    name,
    sdl: print(typeDefs),
    schema,
    calls,
    behave(instead) {
      behaviour = instead
    },
    async subscribe(request, asking, signal) {
      if (behaviour) return behaviour(request)
      const answers = await subscribe({
        schema,
        document: parse(request.query),
        operationName: request.operationName ?? null,
        variableValues: request.variables,
        contextValue: { ...asking(), askingNow: asking, signal } satisfies Following,
      })
      return Symbol.asyncIterator in answers ? formattedAnswers(answers) : resultOf(answers)
    },
    async execute(request, asking) {
      calls.push({ ...request, variables: request.variables, asking })
      if (behaviour) return behaviour(request)
      const { data, errors } = await execute({
        schema,
        document: parse(request.query),
        operationName: request.operationName ?? null,
        variableValues: request.variables,
        contextValue: asking,
      })
      return resultOf({ data: data ?? null, ...(errors && { errors }) })
    },
  }
}

async function* formattedAnswers(answers: AsyncGenerator<ExecutionResult, void, void>): AsyncGenerator<SubgraphResult, void, undefined> {
  try {
    for await (const answer of answers) yield resultOf(answer)
  } catch (error) {
    // What a service means is an answer; anything else stands for a connection that broke.
    if (!(error instanceof AshlarError)) throw error
    yield resultOf({ data: null, errors: [error] })
  }
}

const resultOf = ({ data, errors }: ExecutionResult): SubgraphResult => ({
  data: data ?? null,
  ...(errors && { errors: errors.map(formatted) }),
})

const formatted = (error: GraphQLError) => ({
  message: error.message,
  ...(error.path && { path: error.path }),
  extensions: { ...(meantError(error) ?? error).extensions },
})
