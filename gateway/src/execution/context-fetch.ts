import { Kind, type OperationDefinitionNode, visit } from 'graphql'
import { type ContextValues, contextValues, visitWithin } from './context-values.js'
import { type FetchDocument, fetchDocument, type ReadFetch } from './fetch-document.js'
import { type Cluster, FetchGroup, type Prepared, type Wanted } from './fetch-group.js'
import { quoted } from './json-text.js'
import type { Run } from './run.js'

type Data = Record<string, unknown>

/** Entities that stand in the same, as far as they are asked with it. */
interface Surrounded {
  readonly values: ContextValues
  readonly entities: Map<string, Set<Data>[]>
}

/** Different surroundings in one request; each is a field of its own. */
const TOGETHER_MAX = 50

/**
 * A fetch of entities that are asked with what they stand in (`@fromContext`): those that stand in something else go out under another
 * name, with variables of their own.
 */
export class ContextFetch extends FetchGroup {
  private readonly documents = new Map<number, FetchDocument>()

  protected override prepare(run: Run): readonly Prepared[] {
    const [member] = this.members
    if (!member) return []
    const { fetch } = member
    const cluster: Cluster = { members: [member], fetch, apart: true }
    const surrounded = this.surroundings(run)
    const requests: Prepared[] = []
    for (let from = 0; from < surrounded.length; from += TOGETHER_MAX) {
      const some = surrounded.slice(from, from + TOGETHER_MAX)
      const wanted = some.map(({ entities }): Wanted => ({ cluster, entities }))
      const variables = some.flatMap(({ values }, at) =>
        [...values].map(([name, value]) => `${quoted(nameOf(name, at))}:${JSON.stringify(value ?? null)}`),
      )
      requests.push({ document: this.documentOf(fetch, some.length), wanted, variables })
    }
    return requests
  }

  private surroundings(run: Run): readonly Surrounded[] {
    const [member] = this.members
    if (!member) return []
    const { fetch, path, representing } = member
    const represent = representing()
    const needed = neededOf(fetch.operation)
    const found = new Map<string, Surrounded>()
    visitWithin(run.data, path, (object, around) => {
      const representation = represent(object)
      if (representation === null) return
      const values = contextValues(this.options.schema, fetch.node.contextRewrites ?? [], around)
      // What must have a value that is not there fails alone, and not all that is asked with it.
      if ([...values].some(([name, value]) => (value ?? null) === null && needed.has(name))) return
      const key = JSON.stringify([...values])
      const same = found.get(key) ?? { values, entities: new Map() }
      found.set(key, same)
      const [places] = same.entities.get(representation) ?? [new Set<Data>()]
      same.entities.set(representation, [(places as Set<Data>).add(object as Data)])
    })
    return [...found.values()]
  }

  /** At most one for each number of surroundings. */
  private documentOf(fetch: ReadFetch, count: number): FetchDocument {
    const known = this.documents.get(count)
    if (known) return known
    const document = fetchDocument(Array.from({ length: count }, (_, at) => named(fetch, at)))
    this.documents.set(count, document)
    return document
  }
}

const nameOf = (name: string, at: number): string => `c${at}_${name}`

const neededOf = ({ variableDefinitions = [] }: OperationDefinitionNode): ReadonlySet<string> =>
  new Set(variableDefinitions.flatMap(({ variable, type }) => (type.kind === Kind.NON_NULL_TYPE ? [variable.name.value] : [])))

/** The same fetch with the variables of one of the surroundings. */
function named(fetch: ReadFetch, at: number): ReadFetch {
  const names = new Set(fetch.node.contextRewrites?.map(({ renameKeyTo }) => renameKeyTo))
  const variableUsages = fetch.node.variableUsages?.filter((name) => !names.has(name)) ?? []
  const rename = <Node extends OperationDefinitionNode | ReadFetch['fragments'][number]>(node: Node): Node =>
    visit(node, {
      Variable: (variable) =>
        names.has(variable.name.value) ? { ...variable, name: { ...variable.name, value: nameOf(variable.name.value, at) } } : undefined,
    })
  return { ...fetch, node: { ...fetch.node, variableUsages }, operation: rename(fetch.operation), fragments: fetch.fragments.map(rename) }
}
