import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import type { DataKeys } from '../planning/data-keys.js'
import { REFUSED } from '../rules/refused-node.js'
import { type Conditions, isIncluded } from './conditions.js'
import type { ResponsePath } from './data-path.js'
import type { Introspect } from './introspection.js'
import { quoted } from './json-text.js'
import { leafJson } from './leaf-json.js'
import { fits } from './type-conditions.js'
import { CodeWriting, generateWriter, type WriteCode } from './writer-code.js'
import {
  AbstractNode,
  type Blame,
  LeafNode,
  ListNode,
  ObjectNode,
  type Stepped,
  TextNode,
  type WriterNode,
  type Writing,
  type WrittenField,
} from './writer-nodes.js'
import { writtenWith } from './written-data.js'

export interface OperationParts {
  /** As clients see it. */
  readonly schema: GraphQLSchema
  readonly operation: OperationDefinitionNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  readonly conditions: Conditions
  /** Of `__schema` and `__type`. */
  readonly introspect: Introspect
  readonly dataKeyOf: DataKeys['dataKeyOf']
  /** Fields that are not for whoever asks. */
  readonly refused?: ReadonlySet<FieldNode> | undefined
  /** After how many answers code is generated for them: making it costs as much as writing some. */
  readonly codeAfter?: number | undefined
  /** Fragments that are not written. */
  readonly isLeftOut?: ((node: object) => boolean) | undefined
  /** What is written instead of the operation. */
  readonly part?: { readonly type: FieldsType; readonly selectionSet: SelectionSetNode } | undefined
}

const CODE_AFTER = 8

export interface ResponseWriter {
  /** `data` as others see it. @param from what it was written from */
  readonly dataOf: (text: string, from: object) => Readonly<Record<string, unknown>>
  /**
   * `data` as JSON. `faulty` where some of it is null by force: `faults` says why.
   * @param how `shared`: what stands in several places, and is written once for each place in the operation; `plain`: whether no text
   * in the data needs escaping
   */
  write(
    data: object,
    how: { readonly shared: ReadonlySet<object> | null; readonly plain: boolean; readonly variables: Writing['variables'] },
  ): { readonly text: string; readonly faulty: boolean }
  faults(data: object, blame: Blame): void
  /** As much of a path in the data as is in the answer, as it is called there: what was asked for on the way to something else is not. */
  placeOf(data: object, path: ResponsePath): ResponsePath
  /** Whether at a path in the data stands what is refused to whoever asks. */
  isRefused(data: object, path: ResponsePath): boolean
}

/**
 * Compiles an operation into what writes its answer straight from the merged data as JSON, in one walk: the right fields in their order,
 * types checked, and what must not be null taking the nearest nullable place with it (GraphQL, Handling Execution Errors).
 */
export function compileWriter(parts: OperationParts): ResponseWriter {
  const type = parts.part?.type ?? parts.schema.getRootType(parts.operation.operation)
  if (!type) throw new Error(`the schema has no ${parts.operation.operation}`)
  const root = objectNode(parts, type, [(parts.part ?? parts.operation).selectionSet])
  const { codeAfter = CODE_AFTER } = parts
  let writes = 0
  let code: WriteCode | null = null
  return {
    dataOf: writtenWith(root.fields.map(({ key }) => key)),
    write(data, { shared, plain, variables }) {
      if (writes === codeAfter) code = generateWriter(root)
      writes += 1
      if (code) {
        const writing = new CodeWriting(shared, plain, variables)
        const text = code(data, writing) ?? 'null'
        return { text, faulty: writing.faulty }
      }
      const writing: Writing = { pieces: [], shared, written: new Map(), variables, faulty: false }
      const text = root.write(data, writing) ? writing.pieces.join('') : 'null'
      return { text, faulty: writing.faulty }
    },
    faults: (data, blame) => void root.find(data, [], blame),
    placeOf(data, path) {
      const place: (string | number)[] = []
      let at: Pick<Stepped, 'node' | 'value'> = { node: root, value: data }
      for (const key of path) {
        const step = at.node.step(at.value, key)
        if (!step) break
        place.push(step.key)
        at = step
      }
      return place
    },
    isRefused(data, path) {
      let at: Pick<Stepped, 'node' | 'value'> | null = { node: root, value: data }
      for (const key of path) at = at?.node.step(at.value, key) ?? null
      return at?.node === REFUSED
    },
  }
}

type FieldsType = GraphQLObjectType | GraphQLInterfaceType

/** Where the type is not known that it depends on, whatever is there counts for nothing. */
const UNKNOWN = new LeafNode(() => undefined, null)

const objectNode = (parts: OperationParts, type: FieldsType, sets: readonly SelectionSetNode[]): ObjectNode =>
  new ObjectNode(
    type.name,
    [...fieldsOf(parts, type, sets)].map(([key, nodes], at) => writtenField(parts, type, key, nodes, at)),
  )

function writtenField(parts: OperationParts, type: FieldsType, key: string, nodes: readonly FieldNode[], at: number): WrittenField {
  const opening = `${at > 0 ? ',' : ''}${quoted(key)}:`
  const none = `${opening}null`
  const [first] = nodes as readonly [FieldNode]
  const { value: name } = first.name
  const dataKey = parts.dataKeyOf(first)
  if (name === '__typename') {
    return { key, dataKey, opening, none, nonNull: true, node: isObjectType(type) ? new TextNode(quoted(type.name)) : UNKNOWN }
  }
  const field = type.getFields()[name]
  // Validated, so that it is one of the root's: the schema's own.
  if (!field) return { key, dataKey, opening, none, nonNull: false, node: new TextNode(parts.introspect(nodes)) }
  const nonNull = isNonNullType(field.type)
  if (parts.refused && nodes.every((node) => parts.refused?.has(node))) return { key, dataKey, opening, none, nonNull, node: REFUSED }
  const sets = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
  return { key, dataKey, opening, none, nonNull, node: nodeOf(parts, field.type, sets) }
}

function nodeOf(parts: OperationParts, given: GraphQLOutputType, sets: readonly SelectionSetNode[]): WriterNode {
  const type = getNullableType(given)
  if (isListType(type)) return new ListNode(nodeOf(parts, type.ofType, sets), isNonNullType(type.ofType))
  if (isLeafType(type)) return new LeafNode(leafJson(type), isSpecifiedScalarType(type) ? type.name : null)
  if (isObjectType(type)) return objectNode(parts, type, sets)
  const compile = (typeName: string): WriterNode | null => {
    const known = parts.schema.getType(typeName)
    if (isObjectType(known)) return parts.schema.isSubType(type, known) ? objectNode(parts, known, sets) : null
    // A service that has an interface as an object says no more of an entity than that.
    return isInterfaceType(known) && (known === type || parts.schema.isSubType(type, known)) ? interfaceNode(parts, known, sets) : null
  }
  return new AbstractNode(compile, isInterfaceType(type) ? type.name : undefined)
}

/** What is of no type that is known may be there as long as nothing is asked that depends on it. */
const interfaceNode = (parts: OperationParts, type: GraphQLInterfaceType, sets: readonly SelectionSetNode[]): WriterNode =>
  parts.schema.getPossibleTypes(type).every((each) => sameKeys(fieldsOf(parts, each, sets), fieldsOf(parts, type, sets)))
    ? objectNode(parts, type, sets)
    : UNKNOWN

const sameKeys = (one: Fields, other: Fields): boolean => [...one.keys()].join() === [...other.keys()].join()

type Fields = Map<string, FieldNode[]>

/** GraphQL's CollectFields, for one type and once for all answers. */
function fieldsOf(parts: OperationParts, type: FieldsType, sets: readonly SelectionSetNode[]): Fields {
  const fields: Fields = new Map()
  const spread = new Set<string>()

  function collect({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(selection, parts.conditions) || parts.isLeftOut?.(selection)) continue
      if (selection.kind === Kind.FIELD) add(selection)
      else if (selection.kind === Kind.INLINE_FRAGMENT) within(selection.typeCondition?.name.value, selection.selectionSet)
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value)
        const fragment = parts.fragments.get(selection.name.value)
        if (fragment) within(fragment.typeCondition.name.value, fragment.selectionSet)
      }
    }
  }

  function within(condition: string | undefined, set: SelectionSetNode): void {
    if (condition === undefined || fits(parts.schema, type.name, condition)) collect(set)
  }

  function add(field: FieldNode): void {
    const key = (field.alias ?? field.name).value
    const nodes = fields.get(key)
    if (nodes) nodes.push(field)
    else fields.set(key, [field])
  }

  for (const set of sets) collect(set)
  return fields
}
