import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getIntrospectionQuery,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'
import { type Fragments, fragmentsOf } from './measure.js'

/**
 * How much of the schema an operation asks for: 1 is the whole of it, as tools ask for it. What the schema says of itself is answered from
 * memory, so that a few aliases make an answer of any size. Lists are taken to be as long as this schema's are on average.
 */
export function introspectionSizes(schema: GraphQLSchema): (operation: OperationDefinitionNode, fragments: Fragments) => number {
  const lengths = lengthsIn(schema)

  function sizeOf({ selections }: SelectionSetNode, fragments: Fragments, counts: (field: FieldNode) => boolean): number {
    let size = 0
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        if (!counts(node)) continue
        const within = node.selectionSet ? sizeOf(node.selectionSet, fragments, () => true) : 0
        size += (lengths.get(node.name.value) ?? 1) * (1 + within)
      } else {
        const set = node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value)?.selectionSet
        if (set) size += sizeOf(set, fragments, counts)
      }
    }
    return size
  }

  const sizeOfOperation = ({ selectionSet }: OperationDefinitionNode, fragments: Fragments) =>
    sizeOf(selectionSet, fragments, isSchemaField)
  const all = parse(getIntrospectionQuery())
  const whole = sizeOfOperation(operationOf(all), fragmentsOf(all))
  return (operation, fragments) => sizeOfOperation(operation, fragments) / whole
}

const isSchemaField = ({ name }: FieldNode): boolean => name.value === '__schema' || name.value === '__type'

function operationOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('a document without an operation')
  return operation
}

/** How long the lists are that a schema consists of, by the field of introspection that answers them. */
function lengthsIn(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap())
  const fields = types.flatMap((type) => (isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []))
  const mean = (numbers: readonly number[]) => Math.max(1, numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length))
  return new Map([
    ['types', types.length],
    ['directives', schema.getDirectives().length],
    ['fields', mean(types.map((type) => (isObjectType(type) || isInterfaceType(type) ? Object.keys(type.getFields()).length : 0)))],
    ['args', mean(fields.map(({ args }) => args.length))],
    ['inputFields', mean(types.filter(isInputObjectType).map((type) => Object.keys(type.getFields()).length))],
    ['enumValues', mean(types.filter(isEnumType).map((type) => type.getValues().length))],
    ['interfaces', mean(types.filter(isObjectType).map((type) => type.getInterfaces().length))],
    ['possibleTypes', mean(types.filter(isAbstractType).map((type) => schema.getPossibleTypes(type).length))],
  ])
}
