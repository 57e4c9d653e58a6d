import type { PlanNode } from '@apollo/query-planner'
import type { Asking } from '@ashlar/kit/caller'
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql'
import { dataKeysOf, withMeanings } from '../../planning/data-keys.js'
import type { KeyedPlan } from '../../planning/plannable.js'
import { compilePlan } from '../compile-plan.js'
import { compileFinish, type Finish, type Outcome } from '../compiled-operation.js'
import type { Conditions } from '../conditions.js'
import type { ResponsePath } from '../data-path.js'
import type { FetchOptions } from '../fetch-group.js'
import { isObject, setField } from '../json-text.js'
import { Run } from '../run.js'
import type { DeferredDocument, DeferredFragment } from './deferred-document.js'
import { type Place, placesFor } from './places.js'

/** A part of an answer that comes later (incremental delivery, 2022-08-24). */
export interface Part {
  readonly data: unknown
  readonly path: ResponsePath
  readonly label?: string
  readonly errors?: readonly GraphQLError[]
}

export interface Parts {
  readonly incremental: readonly Part[]
  readonly hasNext: boolean
}

export interface Deferred {
  readonly first: Outcome
  /** null where nothing comes later. */
  readonly rest: AsyncGenerator<Parts> | null
  readonly stop: () => void
}

export type ExecuteDeferred = (variables: Readonly<Record<string, unknown>>, asking: Asking) => Promise<Deferred>

interface PlannedDeferral extends DeferredDocument {
  readonly plan: KeyedPlan
  readonly operationName: string | null
}

/** Compiles an operation of which some comes later, with its plan. @param schema as clients see it */
export function compileDeferral(planned: PlannedDeferral, schema: GraphQLSchema, options: FetchOptions): ExecuteDeferred {
  const { plan, fragments } = planned
  const step = compilePlan(plan.node as PlanNode | undefined, options)
  const byNode = new Map(fragments.map((each) => [each.node as object, each]))
  const comesLater = ({ condition }: DeferredFragment, conditions: Conditions): boolean =>
    condition === undefined || conditions.get(condition) === true
  const isLeftOut = (node: object, conditions: Conditions): boolean => {
    const fragment = byNode.get(node)
    return fragment !== undefined && comesLater(fragment, conditions)
  }
  const whole = compileFinish(planned, schema, options, { isLeftOut })
  const { dataKeyOf } = withMeanings(dataKeysOf(options.schema), plan.meanings ?? {})
  const finishes = new Map<string, Finish>()

  /** By the type of the object: at most one for each type that the schema has. */
  function finishOf({ label, node: { selectionSet } }: DeferredFragment, typeName: string): Finish | null {
    const key = `${label} ${typeName}`
    const type = schema.getType(typeName)
    if (!isObjectType(type) && !isInterfaceType(type)) return null
    const finish = finishes.get(key) ?? compileFinish(planned, schema, options, { isLeftOut, part: { type, selectionSet } })
    finishes.set(key, finish)
    return finish
  }

  function write(run: Run, fragment: DeferredFragment, sent: unknown): readonly Part[] {
    const { conditions } = run
    const errors = run.later.of(fragment.label)?.run.errors ?? []
    const places = placesFor(fragment, run.data, sent, { schema, conditions, dataKeyOf })
    return places.flatMap((place, at): readonly Part[] => {
      const finish = finishOf(fragment, place.typeName)
      if (!finish) return []
      const own = new Run(run.variables, conditions, run.asking, { data: place.value, entities: run.entities })
      own.isExplained = errors.length > 0
      for (const error of errors) {
        const within = errorWithin(error, place)
        // What is of none of the places is told with the first.
        if (within || (at === 0 && !places.some((each) => errorWithin(error, each)))) own.fail(within ?? { ...error, path: [] })
      }
      const { data, errors: told } = finish.finish(own)
      // As it was written, since what is there is written on.
      const written: unknown = JSON.parse(JSON.stringify(data))
      if (isObject(written)) putInto(place.sent, written)
      const { given } = fragment
      return [
        {
          data: written,
          path: place.path,
          ...(given !== undefined && { label: given }),
          ...(told && { errors: told.map((error) => placed(error, place.path)) }),
        },
      ]
    })
  }

  async function* rest(run: Run, first: Outcome): AsyncGenerator<Parts> {
    const sent: unknown = JSON.parse(JSON.stringify(first.data))
    const later = fragments.filter((each) => comesLater(each, run.conditions))
    const parentOf = ({ parent }: DeferredFragment): DeferredFragment | null =>
      parent === null || later.includes(parent) ? parent : parentOf(parent)
    let waiting = later.length
    let parts: Part[] = []
    let wake = () => {}
    let awake = new Promise<void>((resolve) => {
      wake = resolve
    })
    const follow = (before: DeferredFragment | null): void => {
      for (const fragment of later)
        if (parentOf(fragment) === before)
          void Promise.resolve(run.later.of(fragment.label)?.done)
            .then(() => write(run, fragment, sent))
            .catch((error: unknown) => [failed(fragment, error)])
            .then((written) => {
              parts.push(...written)
              waiting -= 1
              follow(fragment)
              wake()
            })
    }
    follow(null)
    try {
      while (waiting > 0) {
        await awake
        awake = new Promise<void>((resolve) => {
          wake = resolve
        })
        const incremental = parts
        parts = []
        if (incremental.length > 0 || waiting === 0) yield { incremental, hasNext: waiting > 0 }
      }
    } finally {
      run.later.stopped = true
    }
  }

  return async (variables, asking) => {
    const run = new Run(variables, whole.conditionsFor(variables), asking)
    await step(run, 0)
    const first = whole.finish(run)
    const goesOn = first.data !== null && fragments.some((each) => comesLater(each, run.conditions))
    const stop = () => {
      run.later.stopped = true
    }
    return { first, rest: goesOn ? rest(run, first) : null, stop }
  }
}

/** Of a part that can't be told of, for a reason that nobody foresaw: whoever presents errors masks it. */
const failed = ({ given }: DeferredFragment, error: unknown): Part => ({
  data: null,
  path: [],
  ...(given !== undefined && { label: given }),
  errors: [new GraphQLError('a part of the answer failed', { originalError: error instanceof Error ? error : new Error(String(error)) })],
})

/** The error by its path from a place on; null for one that is of somewhere else. */
function errorWithin(error: GraphQLFormattedError, { dataPath }: Place): GraphQLFormattedError | null {
  const { path } = error
  if (!path || !dataPath.every((key, at) => path[at] === key)) return null
  return { ...error, path: path.slice(dataPath.length) }
}

const placed = ({ message, path = [], extensions }: GraphQLError, place: ResponsePath): GraphQLError =>
  new GraphQLError(message, { path: [...place, ...path], extensions })

function putInto(there: Record<string, unknown>, more: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(more)) {
    const before = Object.hasOwn(there, key) ? there[key] : undefined
    if (isObject(before) && isObject(value)) putInto(before, value)
    else if (Array.isArray(before) && Array.isArray(value)) {
      for (const [at, item] of value.entries()) if (isObject(before[at]) && isObject(item)) putInto(before[at], item)
    } else setField(there, key, value)
  }
}
