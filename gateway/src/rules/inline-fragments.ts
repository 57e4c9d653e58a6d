import { type InlineFragmentNode, Kind, type OperationDefinitionNode, type SelectionNode, type SelectionSetNode } from 'graphql'
import type { Fragments } from './measure.js'

/** The operation with its fragments in their places, each time anew: so that a node of it stands in one place only. */
export const inlineFragments = (operation: OperationDefinitionNode, fragments: Fragments): OperationDefinitionNode => ({
  ...operation,
  selectionSet: inlined(operation.selectionSet, fragments),
})

const inlined = ({ selections }: SelectionSetNode, fragments: Fragments): SelectionSetNode => ({
  kind: Kind.SELECTION_SET,
  selections: selections.flatMap((node) => inlinedNode(node, fragments) ?? []),
})

function inlinedNode(node: SelectionNode, fragments: Fragments): SelectionNode | null {
  if (node.kind !== Kind.FRAGMENT_SPREAD)
    return node.selectionSet ? { ...node, selectionSet: inlined(node.selectionSet, fragments) } : { ...node }
  const fragment = fragments.get(node.name.value)
  if (!fragment) return null
  const { typeCondition, selectionSet } = fragment
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition,
    directives: node.directives ?? [],
    selectionSet: inlined(selectionSet, fragments),
  } satisfies InlineFragmentNode
}
