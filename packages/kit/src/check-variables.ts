import {
  type ASTNode,
  BREAK,
  type DocumentNode,
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql'
import { type AshlarError, badUserInput, type Issue } from './errors.js'

/** More of them tell nobody more. */
const MAX_ISSUES = 50
const MESSAGE_MAX = 400

/** Checks the variables against their types before anything runs. @throws BAD_USER_INPUT with every issue and its path */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, { maxErrors: MAX_ISSUES })
  if (errors) throw badUserInput(errors.map(issueOfVariable))
}

function issueOfVariable(error: GraphQLError): Issue {
  const definition = error.nodes?.find((node) => node.kind === Kind.VARIABLE_DEFINITION)
  const variable = definition?.kind === Kind.VARIABLE_DEFINITION ? definition.variable.name.value : ''
  // graphql-js tells where in the variable only in words: … at "input.tags[1].name"; …
  const [, inner = ''] = /at "[^".[]+([^"]*)"/.exec(error.message) ?? []
  const rest = [...inner.matchAll(/\.(\w+)|\[(\d+)\]/g)].map(([, field, index]) => field ?? Number(index))
  return { path: [variable, ...rest], message: clipped(error.message) }
}

/** What validation says of a document whose literals can't be, as one BAD_USER_INPUT; null where it has another fault. */
export function badLiterals(document: DocumentNode, errors: readonly GraphQLError[]): AshlarError | null {
  const issues = errors.map((error): Issue | null => {
    const [node] = error.nodes ?? []
    return node && VALUES.has(node.kind) ? { path: pathOfLiteral(document, node), message: clipped(error.message) } : null
  })
  return issues.every((issue) => issue !== null) ? badUserInput(issues) : null
}

// graphql-js repeats the value whole, which may be a megabyte.
const clipped = (message: string): string =>
  message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX / 2)} … ${message.slice(-MESSAGE_MAX / 2)}`

const VALUES: ReadonlySet<string> = new Set([
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
  Kind.OBJECT_FIELD,
])

/** The way from the argument to a value in it: `['input', 'tags', 1]`. */
function pathOfLiteral(document: DocumentNode, wanted: ASTNode): (string | number)[] {
  let found: (string | number)[] = []
  visit(document, {
    enter(node, _key, _parent, path) {
      if (node !== wanted) return undefined
      found = namesAlong(document, path)
      return BREAK
    },
  })
  return found
}

function namesAlong(document: DocumentNode, path: readonly (string | number)[]): (string | number)[] {
  const names: (string | number)[] = []
  let node: unknown = document
  path.forEach((key, index) => {
    node = (node as Record<string | number, unknown>)[key]
    const { kind, name, variable } = node as { kind?: string; name?: { value: string }; variable?: { name: { value: string } } }
    if (name && (kind === Kind.ARGUMENT || kind === Kind.OBJECT_FIELD)) names.push(name.value)
    else if (variable && kind === Kind.VARIABLE_DEFINITION) names.push(variable.name.value)
    else if (path[index - 1] === 'values') names.push(key)
  })
  return names
}
