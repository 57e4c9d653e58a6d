import { type FragmentDefinitionNode, Kind, type OperationDefinitionNode, type SelectionNode, visit } from 'graphql'

/** The values of the variables that `@skip` and `@include` ask for. */
export type Conditions = ReadonlyMap<string, boolean>

const ASKING = new Set(['skip', 'include'])
const DEFER = 'defer'

/** The names of the variables on which it depends what an operation selects, in the order of the text. */
export function conditionVariables(operation: OperationDefinitionNode, fragments: Iterable<FragmentDefinitionNode>): readonly string[] {
  const names = new Set<string>()
  for (const node of [operation, ...fragments])
    visit(node, {
      Directive({ name, arguments: args = [] }) {
        if (!ASKING.has(name.value) && name.value !== DEFER) return
        for (const { value } of args) if (value.kind === Kind.VARIABLE) names.add(value.name.value)
      },
    })
  return [...names]
}

/** Their values: as given, else the operation's own. Validated before: each is true or false. */
export const conditionsOf = (
  names: readonly string[],
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Conditions =>
  new Map(
    names.map((name) => {
      const given = Object.hasOwn(variables, name) ? variables[name] : undefined
      const preset = variableDefinitions.find(({ variable }) => variable.name.value === name)?.defaultValue
      return [name, given === undefined ? preset?.kind === Kind.BOOLEAN && preset.value : given === true]
    }),
  )

/** Whether a selection is in the answer (GraphQL, `@skip` and `@include`). */
export function isIncluded({ directives = [] }: SelectionNode, conditions: Conditions): boolean {
  for (const { name, arguments: args = [] } of directives) {
    if (!ASKING.has(name.value)) continue
    const value = args.find((argument) => argument.name.value === 'if')?.value
    const holds = value?.kind === Kind.VARIABLE ? conditions.get(value.name.value) === true : value?.kind === Kind.BOOLEAN && value.value
    if (holds !== (name.value === 'include')) return false
  }
  return true
}
