import { type DocumentNode, Kind, type OperationDefinitionNode, OperationTypeNode, type SelectionSetNode } from 'graphql'

/** Whether an operation is made up of signing in and the like alone, so that a token that has ended must not fail it. */
export function signsInOnly(document: DocumentNode, operation: OperationDefinitionNode, signInFields: ReadonlySet<string>): boolean {
  if (operation.operation !== OperationTypeNode.MUTATION) return false
  const check = ({ selections }: SelectionSetNode): boolean =>
    selections.every((selection) => {
      if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' || signInFields.has(selection.name.value)
      if (selection.kind === Kind.INLINE_FRAGMENT) return check(selection.selectionSet)
      const fragment = document.definitions.find(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
      )
      return fragment?.kind === Kind.FRAGMENT_DEFINITION && check(fragment.selectionSet)
    })
  return check(operation.selectionSet)
}
