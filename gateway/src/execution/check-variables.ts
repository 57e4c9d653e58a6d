import { badUserInput, type Issue } from '@ashlar/kit/errors'
import { GraphQLError, type GraphQLSchema, getVariableValues, Kind, type OperationDefinitionNode } from 'graphql'

/** More of them tell nobody more. */
const MAX_ISSUES = 50

/** Checks the variables against their types before anything runs. Throws BAD_USER_INPUT with HTTP 400, every issue in it. */
export function checkVariables(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Record<string, unknown>) {
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, { maxErrors: MAX_ISSUES })
  if (!errors) return
  const { message, extensions } = badUserInput(errors.map(issueOf))
  throw new GraphQLError(message, { extensions: { ...extensions, http: { status: 400 } } })
}

function issueOf(error: GraphQLError): Issue {
  const definition = error.nodes?.find((node) => node.kind === Kind.VARIABLE_DEFINITION)
  const variable = definition?.kind === Kind.VARIABLE_DEFINITION ? definition.variable.name.value : ''
  // graphql-js tells where in the variable only in words: … at "input.tags[1].name"; …
  const [, inner = ''] = /at "[^".[]+([^"]*)"/.exec(error.message) ?? []
  const rest = [...inner.matchAll(/\.(\w+)|\[(\d+)\]/g)].map(([, field, index]) => field ?? Number(index))
  return { path: [variable, ...rest], message: error.message }
}
