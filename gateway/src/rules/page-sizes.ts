import { tooComplex } from '@ashlar/kit/errors'
import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { fragmentsOf } from './measure.js'

type Variables = Readonly<Record<string, unknown>>
type CheckPages = (variables: Variables) => void

/** Where a schema does not say by which arguments a list is cut, these do (GraphQL Cursor Connections). */
const PAGING = ['first', 'last']

/**
 * Compiles what holds the pages that an operation asks for against a bound, wherever they stand in it: by `@listSize(slicingArguments:)`,
 * else by `first` and `last`. Services have bounds of their own; this one keeps what is out of all proportion from them.
 * @param schema with `@listSize` as the services have declared it
 */
export function compilePageSizes(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  pageSize: number,
): CheckPages {
  const sizes: ((variables: Variables) => unknown)[] = []
  const info = new TypeInfo(schema)
  visit(
    { kind: Kind.DOCUMENT, definitions: [operation, ...fragmentsOf(document).values()] } satisfies DocumentNode,
    visitWithTypeInfo(info, {
      Field({ arguments: args = [] }) {
        const field = info.getFieldDef()
        if (!field || args.length === 0) return
        const slicing = slicingOf(field)
        for (const { name, value } of args) if (slicing.includes(name.value)) sizes.push(sizeOf(value, operation))
      },
    }),
  )
  return (variables) => {
    for (const size of sizes) {
      const asked = size(variables)
      if (typeof asked === 'number' && asked > pageSize)
        throw tooComplex({ message: `A page of ${asked} is longer than ${pageSize}.`, limit: pageSize })
    }
  }
}

function sizeOf(value: ArgumentNode['value'], { variableDefinitions = [] }: OperationDefinitionNode): (variables: Variables) => unknown {
  if (value.kind === Kind.INT) return () => Number(value.value)
  if (value.kind !== Kind.VARIABLE) return () => null
  const { value: name } = value.name
  const preset = variableDefinitions.find(({ variable }) => variable.name.value === name)?.defaultValue
  return (variables) => (Object.hasOwn(variables, name) ? variables[name] : preset?.kind === Kind.INT && Number(preset.value))
}

function slicingOf({ astNode }: GraphQLField<unknown, unknown>): readonly string[] {
  const directive = astNode?.directives?.find(({ name }: DirectiveNode) => name.value === 'listSize')
  const value = directive?.arguments?.find(({ name }) => name.value === 'slicingArguments')?.value
  if (value?.kind !== Kind.LIST) return PAGING
  return value.values.flatMap((each) => (each.kind === Kind.STRING ? [each.value] : []))
}
