import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  TypeInfo,
  visit as visitDocument,
  visitWithTypeInfo,
} from 'graphql'
import { isObject } from '../execution/json-text.js'
import { fits } from '../execution/type-conditions.js'
import { fragmentsOf } from '../rules/measure.js'
import type { EntityKeys } from './entity-keys.js'
import { type Contents, type EntityName, tagOf, tagOfUnknown } from './entity-tags.js'

interface Selected {
  /** By the key in the answer: the field's type, and what is selected of it. */
  readonly below: Map<string, { readonly type: GraphQLNamedType; readonly sets: SelectionSetNode[] }>
  /** By the field: under which key it is in the answer. */
  readonly leaves: Map<string, string>
  /** Keys in the answer. */
  readonly taken: Set<string>
}

export interface Walked {
  /** As clients see it. */
  readonly schema: GraphQLSchema
  readonly keys: EntityKeys
  readonly document: DocumentNode
  readonly operation: OperationDefinitionNode
}

const possibleTypes = (schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLObjectType[] =>
  isObjectType(type) ? [type] : isAbstractType(type) ? schema.getPossibleTypes(type) : []

const known = new WeakMap<GraphQLSchema, WeakMap<DocumentNode, ReadonlySet<string>>>()

/** The names of all types that objects in an answer may have, also where a list is empty, or what they are in is null. */
function typesIn(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const bySchema = known.get(schema) ?? new WeakMap<DocumentNode, ReadonlySet<string>>()
  known.set(schema, bySchema)
  const found = bySchema.get(document) ?? readTypes(schema, document)
  bySchema.set(document, found)
  return found
}

/** All entities that an answer could have been made of, by their types alone. */
export const entitiesIn = ({ schema, keys }: Pick<Walked, 'schema' | 'keys'>, document: DocumentNode): readonly EntityName[] =>
  [...typesIn(schema, document)].flatMap((__typename) => (keys.of(__typename).length > 0 ? { __typename } : []))

function readTypes(schema: GraphQLSchema, document: DocumentNode): ReadonlySet<string> {
  const types = new Set<GraphQLNamedType>()
  const info = new TypeInfo(schema)
  visitDocument(
    document,
    visitWithTypeInfo(info, {
      Field: () => {
        const type = getNamedType(info.getType())
        if (type) types.add(type)
      },
    }),
  )
  return new Set([...types].flatMap((type) => possibleTypes(schema, type).map(({ name }) => name)))
}

/**
 * What an answer is made of. It is read from what the services answered, which has the keys of most entities, asked for or not. Where there
 * could have been an entity, and is none, any may come to be there.
 * @param data merged, by the keys of the operation
 */
export function contentsOf(data: unknown, { schema, keys, document, operation }: Walked): Contents {
  const tags = new Set(typesIn(schema, document))
  const entities = new Map<string, EntityName>()
  const fragments = fragmentsOf(document)
  const selections = new Map<readonly SelectionSetNode[], Map<string, Selected>>()
  const visited = new Map<Selected, Set<object>>()

  function selectedOf(type: GraphQLObjectType, sets: readonly SelectionSetNode[]): Selected {
    const byType = selections.get(sets) ?? new Map<string, Selected>()
    selections.set(sets, byType)
    const known = byType.get(type.name)
    if (known) return known
    const selected = select(schema, type, sets, fragments)
    byType.set(type.name, selected)
    return selected
  }

  function tag(typeName: string, known: (field: string) => unknown): void {
    const fields = keys.of(typeName)
    if (fields.length === 0) return
    const name: Record<string, unknown> & EntityName = { __typename: typeName }
    for (const field of fields) {
      const value = known(field)
      if (value === undefined || value === null) tags.add(tagOfUnknown(typeName, field))
      else {
        tags.add(tagOf(typeName, field, value))
        name[field] = String(value)
      }
    }
    entities.set(JSON.stringify(name), name)
  }

  function visit(value: unknown, type: GraphQLNamedType, sets: readonly SelectionSetNode[]): void {
    if (Array.isArray(value)) {
      for (const element of value) visit(element, type, sets)
      return
    }
    const concrete = isObject(value) ? (isObjectType(type) ? type : schema.getType(String(value.__typename))) : null
    if (!isObject(value) || !isObjectType(concrete)) {
      for (const { name } of possibleTypes(schema, type)) tag(name, () => undefined)
      return
    }
    const selected = selectedOf(concrete, sets)
    const seen = visited.get(selected) ?? new Set()
    visited.set(selected, seen)
    if (seen.has(value)) return
    seen.add(value)
    tag(concrete.name, (field) => {
      // What no selection of the client's has taken is there by the planner, under its own name.
      const key = selected.leaves.get(field) ?? (selected.taken.has(field) ? undefined : field)
      return key === undefined || !Object.hasOwn(value, key) ? undefined : value[key]
    })
    for (const [key, below] of selected.below) visit(Object.hasOwn(value, key) ? value[key] : null, below.type, below.sets)
  }

  const root = schema.getRootType(operation.operation)
  if (root) visit(data, root, [operation.selectionSet])
  return { tags, entities: [...entities.values()] }
}

/** What is selected of an object; also what a condition has left out, since that only makes more of it. */
function select(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Selected {
  const selected: Selected = { below: new Map(), leaves: new Map(), taken: new Set() }
  const spread = new Set<string>()

  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const { value: name } = selection.name
        const key = (selection.alias ?? selection.name).value
        const definition = type.getFields()[name]
        if (!definition) continue
        selected.taken.add(key)
        const below = selected.below.get(key)
        if (!selection.selectionSet) selected.leaves.set(name, key)
        else if (below) below.sets.push(selection.selectionSet)
        else selected.below.set(key, { type: getNamedType(definition.type), sets: [selection.selectionSet] })
      } else if (selection.kind === Kind.INLINE_FRAGMENT) within(selection.typeCondition?.name.value, selection.selectionSet)
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = fragments.get(selection.name.value)
        if (fragment) within(fragment.typeCondition.name.value, fragment.selectionSet)
      }
    }
  }
  const within = (condition: string | undefined, set: SelectionSetNode): void => {
    if (condition === undefined || fits(schema, type.name, condition)) collect(set)
  }
  for (const set of sets) collect(set)
  return selected
}
