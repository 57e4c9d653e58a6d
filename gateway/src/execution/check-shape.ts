import {
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql'
import { isRecord } from '../data-sources/answer.js'
import type { FetchedDocument } from './fetched-document.js'

/**
 * Checks that a service's data has the shape that it was asked for: lists where lists are, objects where objects are, one entity
 * for each representation. Apollo's execution takes that for granted, and one service that errs would cost the whole answer.
 * Throws an Error that says where.
 */
export function checkShape(schema: GraphQLSchema, fetched: FetchedDocument, data: object, representations: unknown): void {
  const { operation, entities } = fetched
  const where = { schema, fetched }
  if (!entities) {
    checkSelections(where, schema.getRootType(operation.operation)?.name ?? '', operation.selectionSet, data)
    return
  }
  const found: unknown = own(data, '_entities')
  const expected = Array.isArray(representations) ? representations.length : 0
  if (!Array.isArray(found) || found.length !== expected) throw new Error(`did not answer ${expected} entities`)
  for (const entity of found) {
    if (entity === null) continue
    if (!isRecord(entity)) throw new Error('answered an entity that is no object')
    if (entities.selectionSet) checkSelections(where, '', entities.selectionSet, entity)
  }
}

interface Where {
  readonly schema: GraphQLSchema
  readonly fetched: FetchedDocument
}

/** Fragments of other types than the value's need no leaving out: their fields are not in it. */
function checkSelections(where: Where, typeName: string, { selections }: SelectionSetNode, value: object): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      const { name, alias, selectionSet } = selection
      const found = own(value, alias?.value ?? name.value)
      if (name.value === '__typename' && found !== undefined && typeof found !== 'string') throw new Error('answered no type name')
      const parent = where.schema.getType(typeName)
      const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name.value] : undefined
      if (field) checkValue(where, field.type, selectionSet, found, `${typeName}.${name.value}`)
    } else {
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? where.fetched.fragments.get(selection.name.value) : selection
      if (fragment) checkSelections(where, fragment.typeCondition?.name.value ?? typeName, fragment.selectionSet, value)
    }
  }
}

function checkValue(where: Where, fieldType: GraphQLOutputType, selectionSet: SelectionSetNode | undefined, value: unknown, field: string) {
  if (value === null || value === undefined) return
  const type = getNullableType(fieldType)
  if (isListType(type)) {
    if (!Array.isArray(value)) throw new Error(`answered no list for ${field}`)
    for (const item of value) checkValue(where, type.ofType, selectionSet, item, field)
  } else if (!isLeafType(type) && selectionSet) {
    if (!isRecord(value)) throw new Error(`answered no object for ${field}`)
    checkSelections(where, type.name, selectionSet, value)
  }
}

const own = (value: object, key: string): unknown => (Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined)
