import { tooComplex } from '@ashlar/kit/errors'
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql'
import { inlineFragments } from '../../rules/inline-fragments.js'
import { fragmentsOf } from '../../rules/measure.js'

/** Parts of one answer that come later. */
const DEFERRED_MAX = 20

/** One step on the way to where a fragment stands. */
export interface Step {
  readonly field: FieldNode
  /** What the object that the field is of has to be. */
  readonly where: Where
}

export interface Where {
  /** As the schema knows it. */
  readonly type: GraphQLNamedType
  /** The types that fragments around ask for. */
  readonly conditions: readonly string[]
  /** What `@skip` and `@include` may stand on. */
  readonly guards: readonly SelectionNode[]
}

/** A fragment that is answered later. */
export interface DeferredFragment {
  /** By which the plan knows it. */
  readonly label: string
  /** The client's own. */
  readonly given: string | undefined
  /** The variable on which it depends whether it is. */
  readonly condition: string | undefined
  readonly steps: readonly Step[]
  readonly where: Where
  readonly parent: DeferredFragment | null
  node: InlineFragmentNode
}

export interface DeferredDocument {
  /** With its fragments in their places, and a label for each that is deferred. */
  readonly document: DocumentNode
  readonly fragments: readonly DeferredFragment[]
}

interface Here extends Where {
  readonly steps: readonly Step[]
  readonly parent: DeferredFragment | null
}

const hasDefer = (document: DocumentNode): boolean => {
  let found = false
  visit(document, {
    Directive(node) {
      if (node.name.value === 'defer') found = true
    },
  })
  return found
}

/** Finds what of an operation is deferred; null for nothing. @throws TOO_COMPLEX for too many parts */
export function deferredDocument(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
): DeferredDocument | null {
  const root = schema.getRootType(operation.operation)
  if (!root || !hasDefer(document)) return null
  const named = fragmentsOf(document)
  const fragments: DeferredFragment[] = []

  const within = ({ selections }: SelectionSetNode, here: Here): SelectionSetNode => ({
    kind: Kind.SELECTION_SET,
    selections: selections.map((node) => (node.kind === Kind.FIELD ? field(node, here) : inline(node as InlineFragmentNode, here))),
  })

  function field(node: FieldNode, { type, conditions, guards, steps, parent }: Here): FieldNode {
    const definition = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined
    if (!definition || !node.selectionSet) return node
    const where = { type, conditions, guards: [...guards, node] }
    const below = { type: getNamedType(definition.type), conditions: [], guards: [], steps: [...steps, { field: node, where }], parent }
    return { ...node, selectionSet: within(node.selectionSet, below) }
  }

  function inline(node: InlineFragmentNode, here: Here): InlineFragmentNode {
    const condition = node.typeCondition?.name.value
    const inner: Here = {
      ...here,
      type: (condition && schema.getType(condition)) || here.type,
      conditions: condition ? [...here.conditions, condition] : here.conditions,
      guards: [...here.guards, node],
    }
    const { directives = [] } = node
    const defer = directives.find(({ name }) => name.value === 'defer')
    const rest = directives.filter((each) => each !== defer)
    const value = (name: string) => defer?.arguments?.find((each) => each.name.value === name)?.value
    const holds = value('if')
    if (!defer || (holds?.kind === Kind.BOOLEAN && !holds.value))
      return { ...node, directives: rest, selectionSet: within(node.selectionSet, inner) }
    if (fragments.length >= DEFERRED_MAX)
      throw tooComplex({ message: `The operation has more than ${DEFERRED_MAX} deferred fragments.`, limit: DEFERRED_MAX })
    const label = `part${fragments.length}`
    const given = value('label')
    const deferred: DeferredFragment = {
      label,
      given: given?.kind === Kind.STRING ? given.value : undefined,
      condition: holds?.kind === Kind.VARIABLE ? holds.name.value : undefined,
      steps: here.steps,
      where: { type: here.type, conditions: inner.conditions, guards: inner.guards },
      parent: here.parent,
      node,
    }
    fragments.push(deferred)
    const labelled = {
      kind: Kind.ARGUMENT,
      name: { kind: Kind.NAME, value: 'label' },
      value: { kind: Kind.STRING, value: label },
    } as const
    const others = defer.arguments?.filter(({ name }) => name.value === 'if') ?? []
    deferred.node = {
      ...node,
      directives: [...rest, { ...defer, arguments: [...others, labelled] }],
      selectionSet: within(node.selectionSet, { ...inner, parent: deferred }),
    }
    return deferred.node
  }

  const { selectionSet, ...whole } = inlineFragments(operation, named)
  const inlined = { ...whole, selectionSet: within(selectionSet, { type: root, conditions: [], guards: [], steps: [], parent: null }) }
  return fragments.length > 0 ? { document: { kind: Kind.DOCUMENT, definitions: [inlined] }, fragments } : null
}
