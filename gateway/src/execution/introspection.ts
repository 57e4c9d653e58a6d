import { type DocumentNode, executeSync, type FieldNode, type GraphQLSchema, Kind, type OperationDefinitionNode, visit } from 'graphql'
import { fieldOf } from './json-text.js'

/** Answers a root field of the schema itself, in all the places where one operation asks for it under one key, as JSON. */
export type Introspect = (fields: readonly FieldNode[]) => (variables: Readonly<Record<string, unknown>>) => string

/** Such fields have no other answer than the schema: what depends on no variable is executed once. */
export const introspectionOf =
  (schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode): Introspect =>
  (fields) => {
    const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
    const selectionSet = { kind: Kind.SELECTION_SET, selections: fields } as const
    const used = variablesIn({ kind: Kind.DOCUMENT, definitions: [{ ...operation, variableDefinitions: [], selectionSet }, ...fragments] })
    const variableDefinitions = operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value)) ?? []
    const asked: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: [{ ...operation, directives: [], variableDefinitions, selectionSet }, ...fragments],
    }
    const [first] = fields as readonly [FieldNode]
    const key = (first.alias ?? first.name).value
    let known: string | undefined
    return (variables) => {
      if (known !== undefined) return known
      const { data, errors } = executeSync({ schema, document: asked, variableValues: variables })
      if (!data || errors) throw new Error(`the schema does not tell of itself: ${errors?.[0]?.message}`)
      const text = JSON.stringify(fieldOf(data, key) ?? null)
      if (variableDefinitions.length === 0) known = text
      return text
    }
  }

function variablesIn(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>()
  visit(document, { Variable: ({ name }) => void names.add(name.value) })
  return names
}
