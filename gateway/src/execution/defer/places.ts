import { type GraphQLSchema, isObjectType } from 'graphql'
import type { DataKeys } from '../../planning/data-keys.js'
import { type Conditions, isIncluded } from '../conditions.js'
import type { ResponsePath } from '../data-path.js'
import { fieldOf, isObject } from '../json-text.js'
import { fits } from '../type-conditions.js'
import type { DeferredFragment, Where } from './deferred-document.js'

type Data = Record<string, unknown>

/** Where a deferred fragment belongs. */
export interface Place {
  readonly path: ResponsePath
  readonly dataPath: ResponsePath
  /** What is known there. */
  readonly value: Data
  /** What the client has there already. */
  readonly sent: Data
  readonly typeName: string
}

export interface Finding {
  readonly schema: GraphQLSchema
  readonly conditions: Conditions
  readonly dataKeyOf: DataKeys['dataKeyOf']
}

/** Finds all objects that a fragment is about, of those that have come to the client. */
export function placesFor({ steps, where }: DeferredFragment, data: Data, sent: unknown, finding: Finding): readonly Place[] {
  const { schema, conditions, dataKeyOf } = finding
  const places: Place[] = []

  function typeOf(value: Data, { type }: Where): string {
    const { __typename: typeName } = value
    return typeof typeName === 'string' && !isObjectType(type) ? typeName : type.name
  }
  const isMeant = (value: Data, at: Where): boolean =>
    at.guards.every((guard) => isIncluded(guard, conditions)) && at.conditions.every((each) => fits(schema, typeOf(value, at), each))

  function walk(value: unknown, there: unknown, from: number, path: ResponsePath, dataPath: ResponsePath): void {
    if (Array.isArray(value) && Array.isArray(there)) {
      for (const [at, item] of value.entries()) walk(item, there[at], from, [...path, at], [...dataPath, at])
      return
    }
    if (!isObject(value) || !isObject(there)) return
    const step = steps[from]
    if (!step) {
      if (isMeant(value, where)) places.push({ path, dataPath, value, sent: there, typeName: typeOf(value, where) })
      return
    }
    if (!isMeant(value, step.where)) return
    const key = (step.field.alias ?? step.field.name).value
    const dataKey = dataKeyOf(step.field)
    walk(fieldOf(value, dataKey), fieldOf(there, key), from + 1, [...path, key], [...dataPath, dataKey])
  }

  walk(data, sent, 0, [], [])
  return places
}
