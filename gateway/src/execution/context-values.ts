import type { FetchDataKeyRenamer } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import { type DataPath, EACH } from './data-path.js'
import { fieldOf, isObject } from './json-text.js'
import { fits } from './type-conditions.js'

type Data = Readonly<Record<string, unknown>>

/** The values that an entity is asked with for what it stands in, by the names of the arguments' variables. */
export type ContextValues = ReadonlyMap<string, unknown>

const UP = '..'
const FRAGMENT = '... on '

/**
 * Reads what `@fromContext` asks for: each rewrite's path goes from the entity up through the objects that it stands in, and from there
 * down to the value, where the type is the one that is meant.
 * @param around the objects that it stands in, the outermost first
 */
export function contextValues(schema: GraphQLSchema, rewrites: readonly FetchDataKeyRenamer[], around: readonly Data[]): ContextValues {
  const values = new Map<string, unknown>()
  for (const { path, renameKeyTo } of rewrites) {
    const up = path.filter((step) => step === UP).length
    const value = down(schema, around.at(-up), path.slice(up))
    if (value !== undefined || !values.has(renameKeyTo)) values.set(renameKeyTo, value)
  }
  return values
}

function down(schema: GraphQLSchema, value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path
  if (step === undefined || value === null) return value
  if (Array.isArray(value)) return value.map((item) => down(schema, item, path))
  if (!isObject(value)) return undefined
  if (!step.startsWith(FRAGMENT)) return down(schema, fieldOf(value, step), rest)
  const { __typename: typeName } = value
  const isMeant = typeof typeName !== 'string' || fits(schema, typeName, step.slice(FRAGMENT.length))
  return isMeant ? down(schema, value, rest) : undefined
}

/** Goes to the objects at a path, with those that they stand in. */
export function visitWithin(root: Data, path: DataPath, visit: (object: Data, around: readonly Data[]) => void): void {
  const around: Data[] = []

  function walk(value: unknown, from: number): void {
    const step = path[from]
    if (Array.isArray(value)) {
      if (step === EACH) for (const item of value) walk(item, from + 1)
    } else if (isObject(value)) {
      if (step === undefined) visit(value, around)
      else if (step !== EACH) {
        around.push(value)
        walk(fieldOf(value, step), from + 1)
        around.pop()
      }
    }
  }

  walk(root, 0)
}
