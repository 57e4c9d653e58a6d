import { type DocumentNode, type OperationDefinitionNode, OperationTypeNode } from 'graphql'
import { rootFieldsOf } from '../root-fields.js'

/** Whether an operation is made up of signing in and the like alone, so that a token that has ended must not fail it. */
export const signsInOnly = (document: DocumentNode, operation: OperationDefinitionNode, signInFields: ReadonlySet<string>): boolean =>
  operation.operation === OperationTypeNode.MUTATION &&
  rootFieldsOf(document, operation).every(({ name }) => name.value === '__typename' || signInFields.has(name.value))
