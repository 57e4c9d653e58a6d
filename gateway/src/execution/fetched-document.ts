import { TextCache } from '@ashlar/kit/text-cache'
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql'

/** The text of one fetch, read. */
export interface FetchedDocument {
  readonly operation: OperationDefinitionNode
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
  /** `_entities`, in a fetch of entities. */
  readonly entities: FieldNode | null
}

const MAX = { texts: 2_000, length: 1_000_000 }

/** Reads the texts of fetches, which come again with each plan. Bounded. */
export function fetchedDocuments(): (query: string) => FetchedDocument {
  const documents = new TextCache<FetchedDocument>(MAX)
  return (query) => {
    const known = documents.get(query)
    if (known) return known
    const document = read(parse(query, { noLocation: true }))
    documents.set(query, document)
    return document
  }
}

function read({ definitions }: DocumentNode): FetchedDocument {
  const operation = definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION)
  if (!operation) throw new Error('a fetch without an operation')
  const fragments = definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  const entities = operation.selectionSet.selections.find((node) => node.kind === Kind.FIELD && node.name.value === '_entities')
  return {
    operation,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
    entities: entities?.kind === Kind.FIELD ? entities : null,
  }
}

/**
 * Where in its own answer a service's fields stand. Of a fetch of entities the first field of the first one stands for all of them:
 * one service that is down is one error.
 */
export function pathsOf(fetched: FetchedDocument): readonly (string | number)[][] {
  const { operation, entities } = fetched
  if (!entities?.selectionSet) return keysOf(fetched, operation.selectionSet).map((key) => [key])
  return [['_entities', 0, ...keysOf(fetched, entities.selectionSet).slice(0, 1)]]
}

const keysOf = (fetched: FetchedDocument, { selections }: SelectionSetNode): readonly string[] =>
  selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__typename' ? [] : [selection.alias?.value ?? selection.name.value]
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fetched.fragments.get(selection.name.value) : selection
    return fragment ? keysOf(fetched, fragment.selectionSet) : []
  })
