import { createHash } from 'node:crypto'
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
} from 'graphql'
import type { DataPath } from '../execution/data-path.js'
import { type DataKeys, withMeanings } from '../planning/data-keys.js'
import { meaningsOf } from '../planning/meanings.js'

/** What of an operation is refused, and what is left of it. */
export interface Refusals {
  /** The operation as it was asked, with its fragments in their places: what the answer is written by. */
  readonly asked: DocumentNode
  /** Those of its fields that are null, whatever has been fetched on the way to something else. */
  readonly fields: ReadonlySet<FieldNode>
  /** Where they stand in the data, apart from what is refused already by a field above. */
  readonly paths: readonly DataPath[]
  /** What is left to be planned and run, as text; null where nothing is. */
  readonly left: string | null
  /** The SHA-256 of that: what is planned of it is known by it, whatever is refused in other versions of the graph. */
  readonly leftHash: string
}

export interface RefusalOptions {
  readonly schema: GraphQLSchema
  readonly dataKeyOf: DataKeys['dataKeyOf']
  /** @param rootField which it stands below; null for one itself */
  readonly isRefused: (parent: GraphQLNamedType, field: FieldNode, rootField: string | null) => boolean
}

/** A place by its fields, since it is clear only in the end under which keys they stand; `@` for each list. */
type FieldPath = readonly (FieldNode | '@')[]

interface Where {
  readonly type: GraphQLNamedType
  readonly path: FieldPath
  /** The root field above; null for one itself. */
  readonly rootField: string | null
  /** Whether a field above is refused. */
  readonly refused: boolean
}

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/**
 * Takes what is refused out of an operation, before it is planned: neither it nor what only it needs is fetched. An object of which nothing
 * else was asked is still asked whether it is there: a mutation runs, and a null is a null.
 * @param operation with its fragments in their places
 */
export function takeOut(operation: OperationDefinitionNode, options: RefusalOptions): Refusals {
  const fields = new Set<FieldNode>()
  const places: FieldPath[] = []
  const root = options.schema.getRootType(operation.operation)
  if (!root) throw new Error(`the schema has no ${operation.operation}`)

  function leave({ selections }: SelectionSetNode, where: Where): SelectionSetNode {
    const left = selections.flatMap((node) => {
      if (node.kind === Kind.FIELD) return leaveField(node, where) ?? []
      if (node.kind === Kind.FRAGMENT_SPREAD) return []
      const { typeCondition } = node
      const type = (typeCondition && options.schema.getType(typeCondition.name.value)) ?? where.type
      const selectionSet = leave(node.selectionSet, { ...where, type })
      return selectionSet.selections.length > 0 ? { ...node, selectionSet } : []
    })
    return { kind: Kind.SELECTION_SET, selections: left }
  }

  function leaveField(node: FieldNode, { type, path, rootField, refused }: Where): FieldNode | null {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined
    const here = [...path, node]
    const isRefused = refused || options.isRefused(type, node, rootField)
    if (isRefused) fields.add(node)
    if (isRefused && !refused) places.push(here)
    if (!node.selectionSet || !field) return isRefused ? null : node
    const selectionSet = leave(node.selectionSet, {
      type: getNamedType(field.type),
      path: [...here, ...listsOf(field.type)],
      rootField: rootField ?? node.name.value,
      refused: isRefused,
    })
    if (isRefused) return null
    return { ...node, selectionSet: selectionSet.selections.length > 0 ? selectionSet : { ...selectionSet, selections: [TYPENAME] } }
  }

  const selectionSet = leave(operation.selectionSet, { type: root, path: [], rootField: null, refused: false })
  const leftOver = documentOf({ ...operation, selectionSet })
  const left = selectionSet.selections.length > 0 ? print(leftOver) : null
  const leftHash = createHash('sha256')
    .update(left ?? '')
    .digest('hex')
  // As what is left is planned.
  const { dataKeyOf } = withMeanings(options, meaningsOf(leftOver))
  const paths = new Map<string, DataPath>()
  for (const place of places) {
    const path = place.map((step) => (step === '@' ? step : dataKeyOf(step)))
    paths.set(path.join('\n'), path)
  }
  return { asked: documentOf(operation), fields, paths: [...paths.values()], left, leftHash }
}

const documentOf = (operation: OperationDefinitionNode): DocumentNode => ({ kind: Kind.DOCUMENT, definitions: [operation] })

/** `@` for each list that a value is in. */
function listsOf(given: GraphQLOutputType): readonly '@'[] {
  const type = getNullableType(given)
  return isListType(type) ? ['@', ...listsOf(type.ofType)] : []
}
