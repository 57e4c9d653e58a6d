import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner'
import type { GraphQLSchema } from 'graphql'
import type { IsKey } from './entity-keys.js'
import { fieldOf, isObject, jsonOf, quoted } from './json-text.js'
import { rewrite } from './rewrites.js'
import { fits } from './type-conditions.js'

type Entity = Readonly<Record<string, unknown>>

/** Selects of an entity what its owner knows it by, as JSON; null where that is not there. */
export type Represent = (entity: Entity) => string | null

interface Required {
  readonly key: string
  /** `"key":`. */
  readonly opening: string
  readonly selections: Selections | null
  /** Whether it can be left out: the planner sends for one place what another needs, and there it was not asked for. */
  readonly optional: boolean
}

/** By the name of the object's type. */
type Selections = (typeName: string | null) => readonly Required[]

/**
 * Compiles what a fetch of entities requires of each, for one fetch after another: within one an entity that was there before is known by
 * its fields, and its text is not made again. Two entities that are one have the same text: it is all that is compared, and all that is sent.
 */
export function compileRepresentation(
  schema: GraphQLSchema,
  requires: readonly QueryPlanSelectionNode[],
  { rewrites, isKey }: { readonly rewrites: readonly FetchDataRewrite[]; readonly isKey: IsKey },
): () => Represent {
  const selections = compileSelections(schema, requires, isKey)

  function textOf(entity: Entity, fields: readonly Required[]): string | null {
    const text = saysType(fields) ? select(entity, fields) : null
    return text === null || rewrites.length === 0 ? text : rewritten(schema, rewrites, text)
  }

  return () => {
    const byField = new Map<unknown, Known[]>()
    return (entity) => {
      const typeName = fieldOf(entity, '__typename')
      // An entity that does not say what it is belongs to nobody.
      if (typeof typeName !== 'string') return null
      const fields = selections(typeName)
      const value = fields.length > 1 ? fieldOf(entity, (fields[1] as Required).key) : null
      if (value === null || typeof value === 'object' || value === undefined) return textOf(entity, fields)
      const candidates = byField.get(value)
      const found = candidates && findKnown(candidates, entity, fields)
      if (found) return found.text
      const known = { entity, fields, text: textOf(entity, fields) }
      if (candidates) candidates.push(known)
      else byField.set(value, [known])
      return known.text
    }
  }
}

interface Known {
  readonly entity: Entity
  readonly fields: readonly Required[]
  readonly text: string | null
}

function findKnown(candidates: readonly Known[], entity: Entity, fields: readonly Required[]): Known | null {
  for (const each of candidates) if (each.fields === fields && (each.entity === entity || isSame(each.entity, entity, fields))) return each
  return null
}

/** By what is compared at once; whatever is more than that is another. */
function isSame(one: Entity, other: Entity, fields: readonly Required[]): boolean {
  for (const { key, selections } of fields) if (selections !== null || fieldOf(one, key) !== fieldOf(other, key)) return false
  return true
}

function saysType(fields: readonly Required[]): boolean {
  for (const { key } of fields) if (key === '__typename') return true
  return false
}

function rewritten(schema: GraphQLSchema, rewrites: readonly FetchDataRewrite[], text: string): string {
  const representation: unknown = JSON.parse(text)
  rewrite(schema, rewrites, representation)
  return JSON.stringify(representation)
}

/** null where anything is missing that must be there: what can't be named can't be asked for. */
function select(object: Readonly<Record<string, unknown>>, fields: readonly Required[]): string | null {
  let text = ''
  for (const { key, opening, selections, optional } of fields) {
    const value = selectValue(fieldOf(object, key), selections)
    if (value !== null) text += text === '' ? opening + value : `,${opening}${value}`
    else if (!optional) return null
  }
  return `{${text}}`
}

function selectValue(value: unknown, selections: Selections | null): string | null {
  if (value === undefined) return null
  if (value === null) return 'null'
  if (!selections) return jsonOf(value) ?? null
  if (Array.isArray(value)) {
    const items = value.map((item) => selectValue(item, selections))
    return items.includes(null) ? null : `[${items.join(',')}]`
  }
  if (!isObject(value)) return null
  const { __typename: typeName } = value
  return select(value, selections(typeof typeName === 'string' ? typeName : null))
}

/** Which fields are meant depends on the type alone: each type's are put together once. */
function compileSelections(schema: GraphQLSchema, nodes: readonly QueryPlanSelectionNode[], isKey: IsKey | null): Selections {
  const known = new Map<string | null, readonly Required[]>()
  return (typeName) => {
    const found = known.get(typeName)
    if (found) return found
    const fields = fieldsOf(schema, nodes, typeName, isKey)
    // Names come from services: only those that the graph knows are remembered.
    if (typeName === null || schema.getType(typeName)) known.set(typeName, fields)
    return fields
  }
}

function fieldsOf(
  schema: GraphQLSchema,
  nodes: readonly QueryPlanSelectionNode[],
  typeName: string | null,
  isKey: IsKey | null,
): readonly Required[] {
  const collected = new Map<string, QueryPlanSelectionNode[] | null>()
  collect(schema, nodes, typeName, collected)
  return [...collected].map(([key, selections]) => ({
    key,
    opening: `${quoted(key)}:`,
    // Within a key or a required field all has to be there.
    selections: selections && compileSelections(schema, selections, null),
    optional: isKey !== null && typeName !== null && key !== '__typename' && !isKey(typeName, key),
  }))
}

function collect(
  schema: GraphQLSchema,
  nodes: readonly QueryPlanSelectionNode[],
  typeName: string | null,
  into: Map<string, QueryPlanSelectionNode[] | null>,
): void {
  for (const node of nodes) {
    if (node.kind === 'Field') {
      const key = node.alias ?? node.name
      into.set(key, node.selections ? [...(into.get(key) ?? []), ...node.selections] : null)
    } else if (!node.typeCondition || (typeName !== null && fits(schema, typeName, node.typeCondition))) {
      collect(schema, node.selections, typeName, into)
    }
  }
}
