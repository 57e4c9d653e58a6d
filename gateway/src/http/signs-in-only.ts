import { type DocumentNode, Kind, type OperationDefinitionNode, OperationTypeNode, type SelectionSetNode } from 'graphql'

/** Whether an operation is made up of signing in and the like alone, so that a token that has ended must not fail it. */
export function signsInOnly(document: DocumentNode, operation: OperationDefinitionNode, signInFields: ReadonlySet<string>): boolean {
  if (operation.operation !== OperationTypeNode.MUTATION) return false
  const fragments = new Map(
    document.definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node.selectionSet] as const] : [])),
  )
  const check = ({ selections }: SelectionSetNode): boolean =>
    selections.every((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' || signInFields.has(selection.name.value)
      if (selection.kind === Kind.INLINE_FRAGMENT) return check(selection.selectionSet)
      const fragment = fragments.get(selection.name.value)
      // Each is looked at once: fragments that spread each other twice would double the work at every level.
      fragments.delete(selection.name.value)
      return !fragment || check(fragment)
    })
  return check(operation.selectionSet)
}
