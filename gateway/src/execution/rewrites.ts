import type { FetchDataRewrite } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import { fieldOf, isObject, setField } from './json-text.js'
import { fits } from './type-conditions.js'

type Data = Record<string, unknown>

const FRAGMENT = '... on '

/**
 * What the planner wants changed in what is sent to a service or comes from it: a name under which two services' fields would have got
 * into each other's way, or the type's name where one knows only the interface.
 */
export function rewrite(schema: GraphQLSchema, rewrites: readonly FetchDataRewrite[], value: unknown): void {
  for (const each of rewrites) {
    const last = each.path.at(-1)
    if (last !== undefined) reach(schema, each.path.slice(0, -1), value, (object) => change(object, last, each))
  }
}

function change(object: Data, key: string, rewritten: FetchDataRewrite): void {
  if (rewritten.kind === 'ValueSetter') {
    setField(object, key, rewritten.setValueTo)
    return
  }
  const value = Object.hasOwn(object, key) ? fieldOf(object, key) : undefined
  if (value === undefined) return
  setField(object, rewritten.renameKeyTo, value)
  delete object[key]
}

function reach(schema: GraphQLSchema, path: readonly string[], value: unknown, found: (object: Data) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) reach(schema, path, item, found)
    return
  }
  if (!isObject(value)) return
  const [step, ...rest] = path
  if (step === undefined) found(value)
  else if (!step.startsWith(FRAGMENT)) reach(schema, rest, fieldOf(value, step), found)
  else if (isOfType(schema, value, step.slice(FRAGMENT.length))) reach(schema, rest, value, found)
}

/** What does not say its type is of the one that was asked for. */
function isOfType(schema: GraphQLSchema, { __typename: typeName }: Data, condition: string): boolean {
  return typeof typeName !== 'string' || fits(schema, typeName, condition)
}

/** A path in a service's own answer as it is in the data, after the rewrites. */
export const renamedPath = (rewrites: readonly FetchDataRewrite[], path: readonly (string | number)[]): readonly (string | number)[] =>
  rewrites.reduce((renamed, each) => (each.kind === 'KeyRenamer' ? renamedOnce(renamed, each.path, each.renameKeyTo) : renamed), path)

function renamedOnce(path: readonly (string | number)[], from: readonly string[], to: string): readonly (string | number)[] {
  const keys = from.filter((step) => !step.startsWith(FRAGMENT))
  let known = 0
  return path.map((step) => {
    if (typeof step === 'number' || known >= keys.length) return step
    if (step !== keys[known]) {
      known = keys.length
      return step
    }
    known += 1
    return known === keys.length ? to : step
  })
}
