import { checkVariables } from '@ashlar/kit/check-variables'
import { badUserInput, tooComplex } from '@ashlar/kit/errors'
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql'
import type { Limits } from '../limits.js'

type Variables = Readonly<Record<string, unknown>>

/** So the gateway names the entities that it asks services for, and the planner what of their surroundings it asks with them (`@fromContext`). */
const RESERVED = /^(?:representations|(?:c\d+_)?contextualArgument_\w+)$/

/**
 * Holds an operation's variables against their bounds and types before anything runs. Whatever is counted is counted without recursion:
 * a socket's message may nest as deep as it likes.
 * @throws TOO_COMPLEX, BAD_USER_INPUT with every issue and its path
 */
export function checkGivenVariables(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Variables, limits: Limits): void {
  const given = Object.keys(variables).length
  if (given > limits.variables) throw tooComplex({ message: `More than ${limits.variables} variables are given.`, limit: limits.variables })
  boundValues(variables, limits)
  const reserved = operation.variableDefinitions?.find(({ variable }) => RESERVED.test(variable.name.value))
  if (reserved) throw badUserInput(reserved.variable.name.value, 'is a name that the gateway uses itself: give the variable another one')
  checkVariables(schema, operation, variables)
}

function boundValues(variables: Variables, { values, nesting }: Limits) {
  let level: unknown[] = [variables]
  let count = 0
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > nesting) throw tooComplex({ message: `The variables nest deeper than ${nesting} levels.`, limit: nesting })
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue
      const inner = Array.isArray(value) ? value : Object.values(value)
      count += inner.length
      if (count > values) throw tooComplex({ message: `The variables hold more than ${values} values.`, limit: values })
      for (const each of inner) if (typeof each === 'object' && each !== null) next.push(each)
    }
    level = next
  }
}
