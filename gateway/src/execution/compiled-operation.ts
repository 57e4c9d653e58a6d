import type { PlanNode } from '@apollo/query-planner'
import type { Asking } from '@ashlar/kit/caller'
import { subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { type DocumentNode, GraphQLError, type GraphQLSchema, getOperationAST } from 'graphql'
import { dataKeysOf, withMeanings } from '../planning/data-keys.js'
import type { KeyedPlan } from '../planning/plannable.js'
import { fragmentsOf } from '../rules/measure.js'
import type { Refusals } from '../rules/refusals.js'
import { tellRefusals } from '../rules/tell-refusals.js'
import { compilePlan } from './compile-plan.js'
import { type Conditions, conditionsOf, conditionVariables } from './conditions.js'
import { type ResponsePath, valueAt } from './data-path.js'
import type { FetchOptions } from './fetch-group.js'
import { introspectionOf } from './introspection.js'
import { isObject } from './json-text.js'
import { requiredNames } from './required-names.js'
import { compileWriter, type OperationParts, type ResponseWriter } from './response-writer.js'
import { Run } from './run.js'

/** Writers kept for one operation: one for each way in which its conditions came out. */
const WRITERS_MAX = 16
/** Places told of what is null by force, and nobody has said why. */
const FAULTS_MAX = 20
const RETRY_AFTER_SECONDS = 5
const NO_ERRORS: readonly GraphQLError[] = []

export interface Outcome {
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly GraphQLError[]
}

/** Carries an operation out, once it is compiled. Never rejects for what a service does. */
export type Execute = (variables: Readonly<Record<string, unknown>>, asking: Asking) => Promise<Outcome>

export interface Planned {
  readonly plan: KeyedPlan
  readonly document: DocumentNode
  readonly operationName: string | null
  /** What of the document is not for those for whom it was planned. */
  readonly refusals?: Refusals | null
}

/** Compiles an operation and its plan. @param schema as clients see it */
export function compileOperation(planned: Planned, schema: GraphQLSchema, options: FetchOptions): Execute {
  const step = compilePlan(planned.plan.node as PlanNode | undefined, options)
  const { conditionsFor, finish } = compileFinish(planned, schema, options)
  return async (variables, asking) => {
    const run = new Run(variables, conditionsFor(variables), asking)
    run.plain = true
    await step(run, 0)
    return finish(run)
  }
}

export interface Finish {
  /** How the operation's conditions come out. */
  conditionsFor(variables: Readonly<Record<string, unknown>>): Conditions
  /** Writes the answer, once all is there that will be. */
  finish(run: Run): Outcome
  /** The same where only its text is wanted: `data` as JSON. */
  write(run: Run): WrittenAnswer
}

export interface WrittenAnswer {
  readonly text: string
  readonly errors: readonly GraphQLError[]
}

/** What of an operation is written. */
export interface Portion {
  /** Fragments that are written by themselves. */
  readonly isLeftOut?: (node: object, conditions: Conditions) => boolean
  /** Not what the operation asks at its root, but this, of an object of this type. */
  readonly part?: OperationParts['part']
}

/** Compiles how an operation's answer is written, however its data comes together. */
export function compileFinish(
  { plan: { node, meanings = {} }, document, operationName, refusals }: Planned,
  schema: GraphQLSchema,
  { schema: supergraph, log, codeAfter }: FetchOptions,
  { isLeftOut, part }: Portion = {},
): Finish {
  const operation = getOperationAST(document, operationName)
  if (!operation) throw new Error('a plan for no operation')
  const fragments = fragmentsOf(document)
  const names = conditionVariables(operation, fragments.values())
  const required = requiredNames(node?.kind === 'Subscription' ? (node.rest as PlanNode | undefined) : node)
  /** The planner may have asked for what the conditions leave out, and not for what that requires: nothing is missing. */
  const isForNothing = (data: object, path: ResponsePath, known: number): boolean => {
    const key = path[known]
    return typeof key === 'string' && !required.has(key) && isObject(valueAt(data, path.slice(0, known)))
  }
  const writers = new Map<string, ResponseWriter>()
  const introspect = introspectionOf(schema, document, operation)
  const { dataKeyOf } = withMeanings(dataKeysOf(supergraph), meanings)

  const writerOf = (run: Run): ResponseWriter => {
    const way = [...run.conditions.values()].map(Number).join('')
    const known = writers.get(way)
    if (known) return known
    const writer = compileWriter({
      schema,
      operation,
      fragments,
      conditions: run.conditions,
      introspect,
      dataKeyOf,
      refused: refusals?.fields,
      codeAfter,
      isLeftOut: isLeftOut && ((node) => isLeftOut(node, run.conditions)),
      part,
    })
    const [oldest] = writers.keys()
    if (writers.size >= WRITERS_MAX && oldest !== undefined) writers.delete(oldest)
    writers.set(way, writer)
    return writer
  }

  function written(run: Run, writer: ResponseWriter): WrittenAnswer {
    if (refusals) tellRefusals(run, writer, refusals.paths)
    const { text, faulty } = writer.write(run.data, {
      shared: run.entities.inSeveralPlaces,
      plain: run.plain,
      variables: run.variables,
    })
    if (faulty) explain(run, writer, log)
    if (run.errors.length === 0) return { text, errors: NO_ERRORS }
    const isInAnswer = (path: ResponsePath): boolean => writer.placeOf(run.data, path).length === path.length
    const errors = run.errors.flatMap((error): readonly GraphQLError[] => {
      const { message, extensions } = error
      const path = run.pathOf(error, isInAnswer)
      const place = path && writer.placeOf(run.data, path)
      if (path && place && run.isOfField(error) && isForNothing(run.data, path, place.length)) return []
      return [new GraphQLError(message, { path: place, extensions })]
    })
    return { text, errors }
  }

  return {
    conditionsFor: (variables) => conditionsOf(names, operation, variables),
    write: (run) => written(run, writerOf(run)),
    finish(run) {
      const writer = writerOf(run)
      const { text, errors } = written(run, writer)
      return { data: text === 'null' ? null : writer.dataOf(text, run.data), ...(errors.length > 0 && { errors }) }
    },
  }
}

/** A service has answered null where the schema has none, or another form: it fails as much as one that does not answer. */
function explain(run: Run, writer: ResponseWriter, log: Logger): void {
  const faults: ResponsePath[] = []
  writer.faults(run.data, (path) => {
    if (faults.length < FAULTS_MAX && !run.explains(path)) faults.push(path)
  })
  if (faults.length === 0) return
  const { message, extensions } = subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
  for (const path of faults) run.fail({ message, path, extensions })
  const places = faults.map((path) => path.join('.'))
  log.error({ places, requestId: run.asking.request.id }, 'a service answered what the schema does not allow')
}
