import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

export interface SampleOperation {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** A call of one root field with values of the right form for all that it demands: for tests of who may call it at all. */
export function sampleOperation(schema: GraphQLSchema, type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): SampleOperation {
  const keyword = type === schema.getMutationType() ? 'mutation' : 'query'
  const { definitions, selection, variables } = callOf(field)
  return { query: `${keyword}${definitions && `(${definitions})`} { ${selection} }`, variables }
}

/** A field with its demanded arguments as variables, and the least that can be selected of it. */
export function callOf(field: GraphQLField<unknown, unknown>): {
  definitions: string
  selection: string
  variables: Record<string, unknown>
} {
  const demanded = field.args.filter(isRequiredArgument)
  const given = demanded.map(({ name }) => `${name}: $${name}`).join(', ')
  return {
    definitions: demanded.map(({ name, type }) => `$${name}: ${type}`).join(', '),
    selection: `${field.name}${given && `(${given})`}${isLeafType(getNamedType(field.type)) ? '' : ' { __typename }'}`,
    variables: Object.fromEntries(demanded.map(({ name, type }) => [name, sampleOf(type, name)])),
  }
}

const SCALARS: Readonly<Record<string, unknown>> = {
  Boolean: true,
  DateTime: '2026-11-25T12:00:00Z',
  EmailAddress: 'ada@example.com',
  Float: 1,
  ID: 'user_01kb000000e8ra0000000000000'.slice(0, 31),
  Int: 1,
  JSONObject: {},
  String: 'sample text',
  URL: 'https://example.com',
}

function sampleOf(type: GraphQLInputType, name: string): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType, name)
  if (isListType(type)) return [sampleOf(type.ofType, name)]
  if (isEnumType(type)) return type.getValues()[0]?.name
  if (!isInputObjectType(type)) return SCALARS[type.name]
  const demanded = Object.values(type.getFields()).filter(isRequiredInputField)
  return Object.fromEntries(demanded.map((field) => [field.name, sampleOf(field.type, field.name)]))
}
