import { type DocumentNode, type FragmentDefinitionNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'

/** What an operation or a fragment amounts to, with all fragments spread as often as it spreads them. */
export interface Measure {
  readonly selections: number
  /** Fields under another name, `__typename` among them. */
  readonly aliases: number
  readonly directives: number
  /** Fields within each other. */
  readonly depth: number
}

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

export const fragmentsOf = ({ definitions }: DocumentNode): Fragments =>
  new Map(definitions.flatMap((each) => (each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [])))

const NOTHING: Measure = { selections: 0, aliases: 0, directives: 0, depth: 0 }

/** Measures definitions: each fragment once, however often it is spread. Fragments must not lead to themselves. */
export function measuring(fragments: Fragments): (definition: OperationDefinitionNode | FragmentDefinitionNode) => Measure {
  const known = new Map<string, Measure>()

  function ofFragment(name: string): Measure {
    const fragment = fragments.get(name)
    const measure = known.get(name) ?? (fragment ? ofDefinition(fragment) : NOTHING)
    known.set(name, measure)
    return measure
  }

  function ofSet({ selections: nodes }: SelectionSetNode): Measure {
    let { selections, aliases, directives, depth } = NOTHING
    for (const node of nodes) {
      selections += 1
      directives += node.directives?.length ?? 0
      if (node.kind === Kind.FIELD && node.alias) aliases += 1
      const within =
        node.kind === Kind.FRAGMENT_SPREAD ? ofFragment(node.name.value) : node.selectionSet ? ofSet(node.selectionSet) : NOTHING
      selections += within.selections
      aliases += within.aliases
      directives += within.directives
      depth = Math.max(depth, within.depth + (node.kind === Kind.FIELD ? 1 : 0))
    }
    return { selections, aliases, directives, depth }
  }

  function ofDefinition({
    selectionSet,
    directives = [],
    variableDefinitions = [],
  }: OperationDefinitionNode | FragmentDefinitionNode): Measure {
    const measure = ofSet(selectionSet)
    const more = variableDefinitions.reduce((sum, variable) => sum + (variable.directives?.length ?? 0), directives.length)
    return { ...measure, directives: measure.directives + more }
  }

  return (definition) => (definition.kind === Kind.FRAGMENT_DEFINITION ? ofFragment(definition.name.value) : ofDefinition(definition))
}
