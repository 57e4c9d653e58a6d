import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  stripIgnoredCharacters,
  TypeInfo,
  type ValueNode,
  type VariableDefinitionNode,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { dataKeysOf } from '../planning/data-keys.js'
import { rootFieldsOf } from '../root-fields.js'

/** Under these names the gateway has an event's cursor, and says behind which one to go on. */
export const CURSOR_KEY = 'ashlarCursor'
export const AFTER_VARIABLE = 'ashlarAfter'

const AFTER = 'after'
const CURSOR = 'cursor'
const SHARED_EVENTS = 'sharedEvents'
/** What makes a field another one for another viewer. */
const BY_VIEWER = new Set(['perViewer', 'authenticated', 'requiresScopes', 'policy'])

const named = (value: string) => ({ kind: Kind.NAME, value }) as const
const AFTER_REFERENCE = { kind: Kind.VARIABLE, name: named(AFTER_VARIABLE) } as const
const AFTER_ARGUMENT: ArgumentNode = { kind: Kind.ARGUMENT, name: named(AFTER), value: AFTER_REFERENCE }
const AFTER_DEFINITION: VariableDefinitionNode = {
  kind: Kind.VARIABLE_DEFINITION,
  variable: AFTER_REFERENCE,
  type: { kind: Kind.NAMED_TYPE, name: named('String') },
}
const CURSOR_FIELD: FieldNode = { kind: Kind.FIELD, alias: named(CURSOR_KEY), name: named(CURSOR) }

/** What a subscription's text says about how it can be followed. */
export interface LiveDocument {
  /** As it is planned: where its events have cursors, these are selected, and `after` is a variable of the gateway's. */
  readonly planned: DocumentNode
  readonly text: string
  /** Of the root field, in the data that its owner answers. */
  readonly rootKey: string
  /** The variables that are used at all, but for the gateway's own. */
  readonly uses: readonly string[]
  /** Whether it can go on behind a cursor. */
  readonly resumes: boolean
  /** Whether the events of its root may be shared between those who select the same. */
  readonly sharesEvents: boolean
  /** Whether anything that is selected depends on who asks. */
  readonly differsByViewer: boolean
  /** Behind which event the client itself wants to begin. */
  afterOf(variables: Readonly<Record<string, unknown>>): unknown
}

/** Reads a subscription that has been checked. @param schema with what is not for clients */
export function liveDocument(document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema): LiveDocument {
  const roots = rootFieldsOf(document, operation)
  const [root] = roots
  const field = root && schema.getSubscriptionType()?.getFields()[root.name.value]
  if (!root || !field) throw new Error('not a subscription')
  const resumes = hasCursor(field)
  const planned = resumes ? resuming(document, operation, schema) : document
  const after = root.arguments?.find(({ name }) => name.value === AFTER)?.value
  return {
    planned,
    text: stripIgnoredCharacters(print(planned)),
    uses: variablesIn(planned),
    rootKey: dataKeysOf(schema).dataKeyOf(resumes ? withCursor(root) : root),
    resumes,
    sharesEvents: isMarked(field, SHARED_EVENTS),
    differsByViewer: differsByViewer(document, schema),
    afterOf: (variables) => valueAt(after, operation, variables),
  }
}

const isMarked = ({ astNode }: GraphQLField<unknown, unknown>, name: string): boolean =>
  astNode?.directives?.some((directive) => directive.name.value === name) ?? false

function hasCursor({ args, type }: GraphQLField<unknown, unknown>): boolean {
  const event = getNamedType(type)
  const takesAfter = args.some((argument) => argument.name === AFTER && argument.type.toString() === 'String')
  return takesAfter && (isObjectType(event) || isInterfaceType(event)) && event.getFields()[CURSOR]?.type.toString() === 'String!'
}

function resuming(document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema): DocumentNode {
  const types = new TypeInfo(schema)
  const definitions = document.definitions.filter((node) => node === operation || node.kind === Kind.FRAGMENT_DEFINITION)
  return visit(
    { ...document, definitions },
    visitWithTypeInfo(types, {
      OperationDefinition: (node) => ({ ...node, variableDefinitions: [...(node.variableDefinitions ?? []), AFTER_DEFINITION] }),
      Field: (node) => (types.getParentType() === schema.getSubscriptionType() ? withCursor(node) : undefined),
    }),
  )
}

const withCursor = (field: FieldNode): FieldNode => ({
  ...field,
  arguments: [...(field.arguments ?? []).filter(({ name }) => name.value !== AFTER), AFTER_ARGUMENT],
  ...(field.selectionSet && { selectionSet: { ...field.selectionSet, selections: [...field.selectionSet.selections, CURSOR_FIELD] } }),
})

function variablesIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void names.add(name.value),
  })
  names.delete(AFTER_VARIABLE)
  return [...names].sort()
}

function differsByViewer(document: DocumentNode, schema: GraphQLSchema): boolean {
  const types = new TypeInfo(schema)
  let differs = false
  visit(
    document,
    visitWithTypeInfo(types, {
      Field({ name }) {
        const parent = types.getParentType()
        if (!parent || differs) return
        const holders: readonly GraphQLNamedType[] = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent]
        differs = holders.some((holder) => {
          const field = isObjectType(holder) || isInterfaceType(holder) ? holder.getFields()[name.value] : undefined
          return field !== undefined && [field, holder, getNamedType(field.type)].some(({ astNode }) => isByViewer(astNode?.directives))
        })
      },
    }),
  )
  return differs
}

const isByViewer = (directives: readonly { readonly name: { readonly value: string } }[] = []): boolean =>
  directives.some(({ name }) => BY_VIEWER.has(name.value))

function valueAt(
  node: ValueNode | undefined,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
) {
  if (node?.kind !== Kind.VARIABLE) return node && valueFromASTUntyped(node)
  const { value: name } = node.name
  if (Object.hasOwn(variables, name)) return variables[name]
  const preset = variableDefinitions.find(({ variable }) => variable.name.value === name)?.defaultValue
  return preset && valueFromASTUntyped(preset)
}
