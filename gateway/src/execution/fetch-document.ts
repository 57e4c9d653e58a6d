import type { FetchNode } from '@apollo/query-planner'
import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
  type VariableDefinitionNode,
  visit,
} from 'graphql'
import { quoted } from './json-text.js'

/** A fetch of a plan, read. */
export interface ReadFetch {
  readonly node: FetchNode
  readonly operation: OperationDefinitionNode
  readonly fragments: readonly FragmentDefinitionNode[]
  /** What is asked of each entity, or of the root. */
  readonly selectionSet: SelectionSetNode
  /** The same as text, with all that it means: fetches of the same say the same of an entity. */
  readonly asks: string
  /** Its keys in the answer. */
  readonly keys: readonly string[]
}

/** What one service is sent, but for the variables. */
export interface FetchDocument {
  readonly query: string
  readonly operationName: string | null
  readonly writing: boolean
  /** The body of the request as JSON, up to where the variables' object stands. */
  readonly opening: string
  /** Of the client's variables. */
  readonly variables: readonly string[]
  /** For each fetch, what its entities are asked for and answered under; null for one of root fields. */
  readonly entities: readonly (EntitiesName | null)[]
}

export interface EntitiesName {
  readonly key: string
  /** Of the representations. */
  readonly variable: string
}

const ENTITIES = '_entities'
const REPRESENTATIONS = 'representations'
/** The planner numbers the fetches of a plan: without the number those that are the same look so. */
const NUMBER = /__\d+$/

export function readFetch(node: FetchNode): ReadFetch {
  const { definitions } = parse(node.operation, { noLocation: true })
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('a fetch without an operation')
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  const selectionSet = node.requires ? entitySelections(operation) : operation.selectionSet
  const asks = [...fragments, selectionSet].map(print).join(' ') + JSON.stringify([node.inputRewrites ?? [], node.outputRewrites ?? []])
  return { node, operation, fragments, selectionSet, asks, keys: keysOf(fragments, selectionSet) }
}

/** One fetch, or several of entities of one service that go out as one: each under a name of its own, with its own representations. */
export function fetchDocument(fetches: readonly ReadFetch[]): FetchDocument {
  const [first] = fetches
  if (!first) throw new Error('no fetch')
  const variables = [...new Set(fetches.flatMap(({ node }) => node.variableUsages ?? []))]
  const names = (at: number): EntitiesName =>
    fetches.length === 1 ? { key: ENTITIES, variable: REPRESENTATIONS } : { key: `e${at}`, variable: unlike(variables, `r${at}`) }
  const entities = fetches.map(({ node }, at) => (node.requires ? names(at) : null))
  const operationName = first.operation.name?.value.replace(NUMBER, '') ?? null
  const query = stripIgnoredCharacters(print(together(fetches, entities, operationName)))
  return {
    query,
    operationName,
    writing: first.operation.operation === OperationTypeNode.MUTATION,
    opening: `{"query":${quoted(query)}${operationName === null ? '' : `,"operationName":${quoted(operationName)}`},"variables":`,
    variables,
    entities,
  }
}

/** A name that no variable of the client's has. */
const unlike = (names: readonly string[], name: string): string => (names.includes(name) ? unlike(names, `${name}_`) : name)

function together(fetches: readonly ReadFetch[], entities: FetchDocument['entities'], operationName: string | null): DocumentNode {
  const variables = new Map<string, VariableDefinitionNode>()
  const selections: SelectionNode[] = []
  const fragments: DefinitionNode[] = []
  for (const [at, fetch] of fetches.entries()) {
    for (const definition of renamed(fetch, entities[at] ?? null, fetches.length === 1 ? '' : `f${at}_`).definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) {
        fragments.push(definition)
        continue
      }
      for (const node of definition.variableDefinitions ?? []) variables.set(node.variable.name.value, node)
      selections.push(...definition.selectionSet.selections)
    }
  }
  const { operation } = fetches[0] as ReadFetch
  const { name: _, ...unnamed } = operation
  const definition: OperationDefinitionNode = {
    ...unnamed,
    ...(operationName !== null && { name: { kind: Kind.NAME, value: operationName } }),
    variableDefinitions: [...variables.values()],
    selectionSet: { kind: Kind.SELECTION_SET, selections },
  }
  return { kind: Kind.DOCUMENT, definitions: [definition, ...fragments] }
}

/** The same under other names: of its fragments, of its representations, and of the entities in the answer. */
function renamed({ operation, fragments }: ReadFetch, entities: EntitiesName | null, prefix: string): DocumentNode {
  const named = { kind: Kind.DOCUMENT, definitions: [entities ? withKey(operation, entities.key) : operation, ...fragments] } as const
  return visit(named, {
    Variable: (node) =>
      node.name.value === REPRESENTATIONS && entities ? { ...node, name: { ...node.name, value: entities.variable } } : undefined,
    FragmentDefinition: (node) => ({ ...node, name: { ...node.name, value: `${prefix}${node.name.value}` } }),
    FragmentSpread: (node) => ({ ...node, name: { ...node.name, value: `${prefix}${node.name.value}` } }),
  })
}

const withKey = (operation: OperationDefinitionNode, key: string): OperationDefinitionNode => ({
  ...operation,
  selectionSet: {
    ...operation.selectionSet,
    selections: operation.selectionSet.selections.map((node) =>
      node.kind === Kind.FIELD && node.name.value !== key ? { ...node, alias: { kind: Kind.NAME, value: key } } : node,
    ),
  },
})

function entitySelections({ selectionSet }: OperationDefinitionNode): SelectionSetNode {
  const [entities] = selectionSet.selections
  if (entities?.kind !== Kind.FIELD || !entities.selectionSet) throw new Error('a fetch of entities that asks for none')
  return entities.selectionSet
}

const keysOf = (fragments: readonly FragmentDefinitionNode[], { selections }: SelectionSetNode): readonly string[] => [
  ...new Set(
    selections.flatMap((selection): readonly string[] => {
      if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' ? [] : [(selection.alias ?? selection.name).value]
      const spread = selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : null
      const fragment = spread === null ? selection : fragments.find(({ name }) => name.value === spread)
      return fragment && 'selectionSet' in fragment ? keysOf(fragments, fragment.selectionSet) : []
    }),
  ),
]
