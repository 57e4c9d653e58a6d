import { type DocumentNode, type FragmentDefinitionNode, Kind, OperationTypeNode, type SelectionSetNode } from 'graphql'
import { fragmentsOf } from './measure.js'

/**
 * Whether a subscription begins with what depends on a condition (GraphQL, Single root field): no plan can be made for it. To be asked before
 * validation, which fails over a variable there.
 */
export function hasConditionalRoot(document: DocumentNode): boolean {
  const fragments: ReadonlyMap<string, FragmentDefinitionNode> = fragmentsOf(document)
  const seen = new Set<string>()
  const conditional = ({ selections }: SelectionSetNode): boolean =>
    selections.some((selection) => {
      if (selection.directives?.some(({ name }) => name.value === 'skip' || name.value === 'include')) return true
      if (selection.kind === Kind.FIELD) return false
      if (selection.kind === Kind.INLINE_FRAGMENT) return conditional(selection.selectionSet)
      const { value: name } = selection.name
      const fragment = seen.has(name) ? undefined : fragments.get(name)
      seen.add(name)
      return fragment !== undefined && conditional(fragment.selectionSet)
    })
  return document.definitions.some(
    (node) =>
      node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION && conditional(node.selectionSet),
  )
}
