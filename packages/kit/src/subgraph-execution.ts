import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import { type Asking, type Caller, callerOf } from './caller.js'
import { checkVariables } from './check-variables.js'
import type { Context } from './context.js'
import { documentCache } from './document-cache.js'
import { badUserInput } from './errors.js'
import { presentError } from './failures.js'
import type { Logger } from './log.js'

export interface SubgraphOperation {
  readonly query: string
  readonly operationName?: string | null
  readonly variables?: Readonly<Record<string, unknown>> | null
  /**
   * Of a subscription: the variable that takes a cursor of the service's log. Where it is null, so that all that happens from now on is meant,
   * the stream begins with an answer that says where that is: `extensions.startingCursor`. Whoever loses it at once can go on from there.
   */
  readonly startingBy?: string | null
}

/** A stream of answers: one an event. Ends by itself, when it is returned, or after an answer with `data: null` and why. */
export type AnswerStream = AsyncGenerator<FormattedExecutionResult, void, undefined>

export interface SubgraphExecution {
  /** Never throws: what goes wrong is in `errors`, meant or masked. */
  execute(operation: SubgraphOperation, asking: Asking): Promise<FormattedExecutionResult>
  /** Answers a subscription, or the one answer that says why there is none. Who asks is asked anew for each event. */
  subscribe(operation: SubgraphOperation, asking: () => Asking, signal: AbortSignal): Promise<AnswerStream | FormattedExecutionResult>
  /** Whether it is a mutation, so that it must not be carried out twice. */
  isWriting(operation: SubgraphOperation): boolean
}

export interface ExecutionOptions<Services, Loaders> {
  readonly service: string
  readonly schema: GraphQLSchema
  readonly services: Services
  readonly loaders: (services: Services, caller: Caller) => Loaders
  /** Where the service's log stands now. */
  readonly cursor?: () => Promise<string>
  readonly log: Logger
}

interface Prepared {
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode | null
}

/** Whether an event was refused as a whole: whoever may not ask any more is told once. */
const endsWith = ({ data, errors = [] }: FormattedExecutionResult): boolean =>
  data === null && errors.some(({ path, extensions }) => path?.length === 1 && REFUSALS.has(extensions?.code))
const REFUSALS = new Set<unknown>(['UNAUTHENTICATED', 'FORBIDDEN'])

/** Why a part of it failed, for whoever looks at how it went. */
const faultOf = ({ errors }: FormattedExecutionResult): string | undefined => errors && String(errors[0]?.extensions?.code)

/** Of what is asked once: it ends by itself. */
const NEVER = new AbortController().signal

/** Executes operations on one service's schema, each as whoever asks. */
export function subgraphExecution<Services, Loaders>(options: ExecutionOptions<Services, Loaders>): SubgraphExecution {
  const { service, schema, services, loaders, log } = options
  const documents = documentCache(schema)

  const contextOf = (asking: () => Asking, access: 'read' | 'write', signal = NEVER): Context<Services, Loaders> => {
    const callerNow = () => callerOf(asking(), service, access)
    const caller = callerNow()
    return { caller, callerNow, services, loaders: loaders(services, caller), log, signal }
  }

  function prepare({ query, operationName, variables }: SubgraphOperation): Prepared | { readonly errors: readonly GraphQLError[] } {
    const found = documents.get(query)
    if ('errors' in found) return found
    const operation = found.operation(operationName)
    try {
      if (operation) checkVariables(schema, operation, variables ?? {})
    } catch (error) {
      return { errors: [error as GraphQLError] }
    }
    return { document: found.document, operation }
  }

  const argsOf = ({ document }: Prepared, { operationName, variables }: SubgraphOperation): Omit<ExecutionArgs, 'contextValue'> => ({
    schema,
    document,
    operationName: operationName ?? null,
    variableValues: variables ?? {},
  })

  const present = (errors: readonly GraphQLError[] | undefined, writing: boolean) =>
    errors && { errors: errors.map((error) => presentError(error, { log, service, writing })) }

  const refused = (errors: readonly GraphQLError[]): FormattedExecutionResult => ({ errors: errors.map((error) => error.toJSON()) })

  async function* answers(source: AsyncIterable<unknown>, args: Omit<ExecutionArgs, 'contextValue'>, asking: () => Asking): AnswerStream {
    try {
      for await (const rootValue of source) {
        // Loaders remember what they have read: each event has its own.
        const { errors, ...rest } = await execute({ ...args, rootValue, contextValue: contextOf(asking, 'read') })
        const answer = { ...rest, ...present(errors, false) }
        yield answer
        if (endsWith(answer)) return
      }
    } catch (error) {
      const located = error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error })
      yield { data: null, ...present([located], false) }
    }
  }

  return {
    isWriting({ query, operationName }) {
      const found = documents.get(query)
      return !('errors' in found) && found.operation(operationName)?.operation === OperationTypeNode.MUTATION
    },

    async execute(asked, asking) {
      const prepared = prepare(asked)
      if ('errors' in prepared) return refused(prepared.errors)
      if (prepared.operation?.operation === OperationTypeNode.SUBSCRIPTION)
        return refused([badUserInput('query', 'is a subscription, and those are streamed')])
      const writing = prepared.operation?.operation === OperationTypeNode.MUTATION
      const span = asking.trace?.begin(service, 'work', {
        'ashlar.subgraph': service,
        'graphql.operation.type': prepared.operation?.operation,
      })
      const { errors, ...rest } = await execute({
        ...argsOf(prepared, asked),
        contextValue: contextOf(() => asking, writing ? 'write' : 'read'),
      })
      const answer = { ...rest, ...present(errors, writing) }
      span?.end(faultOf(answer))
      return answer
    },

    async subscribe(given, asking, signal) {
      const start = await startOf(given, options.cursor).catch((error: Error) => error)
      if (start instanceof Error) return { data: null, ...present([new GraphQLError('', { originalError: start })], false) }
      const asked = start ? { ...given, variables: { ...given.variables, ...start.variables } } : given
      const prepared = prepare(asked)
      if ('errors' in prepared) return refused(prepared.errors)
      if (prepared.operation && prepared.operation.operation !== OperationTypeNode.SUBSCRIPTION)
        return refused([badUserInput('query', 'is no subscription, and only those are streamed')])
      const args = argsOf(prepared, asked)
      const source = await createSourceEventStream({ ...args, contextValue: contextOf(asking, 'read', signal) })
      if (Symbol.asyncIterator in source) return beginning(start?.cursor, answers(source, args, asking))
      return { data: null, ...present(source.errors, false) }
    },
  }
}

/** The cursor that a subscription begins behind, where it is to be told. */
async function startOf({ startingBy, variables }: SubgraphOperation, cursorNow: (() => Promise<string>) | undefined) {
  if (!startingBy || !cursorNow || (variables?.[startingBy] ?? null) !== null) return null
  const cursor = await cursorNow()
  return { cursor, variables: { [startingBy]: cursor } }
}

async function* beginning(cursor: string | undefined, answers: AnswerStream): AnswerStream {
  try {
    if (cursor !== undefined) yield { extensions: { startingCursor: cursor } }
    yield* answers
  } finally {
    await answers.return()
  }
}
