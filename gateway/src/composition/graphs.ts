import { type DirectiveNode, Kind, parse } from 'graphql'
import { CompositionError } from './composition-error.js'

export interface GraphAddress {
  readonly name: string
  /** null where the supergraph does not say. */
  readonly url: URL | null
}

/** The services of a supergraph, and where they answer (join specification, `@join__graph`). @throws CompositionError for what is none */
export function graphsOf(supergraphSdl: string): readonly GraphAddress[] {
  const graphs = definitionsOf(supergraphSdl).flatMap((definition) =>
    definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph' ? (definition.values ?? []) : [],
  )
  const found = graphs.flatMap(({ directives = [] }): GraphAddress[] => {
    const graph = directives.find(({ name }) => name.value === 'join__graph')
    const name = graph && textOf(graph, 'name')
    const url = graph && textOf(graph, 'url')
    return name ? [{ name, url: url && URL.canParse(url) ? new URL(url) : null }] : []
  })
  if (found.length === 0)
    throw new CompositionError([{ code: 'INVALID_GRAPHQL', message: 'this is no supergraph: no enum join__Graph names its services' }])
  return found
}

function definitionsOf(sdl: string) {
  try {
    return parse(sdl, { noLocation: true }).definitions
  } catch (error) {
    throw new CompositionError([{ code: 'INVALID_GRAPHQL', message: error instanceof Error ? error.message : String(error) }])
  }
}

function textOf({ arguments: args = [] }: DirectiveNode, name: string): string | null {
  const value = args.find((each) => each.name.value === name)?.value
  return value?.kind === Kind.STRING ? value.value : null
}
