import { setImmediate as turn } from 'node:timers/promises'
import { buildASTSchema, type DocumentNode, type GraphQLSchema, Kind, parse } from 'graphql'
import { loadSupergraph } from './planning/load-supergraph.js'

/** A supergraph as execution needs it. */
export interface LoadedGraph {
  readonly supergraphSdl: string
  /** As clients see it. */
  readonly schema: GraphQLSchema
  readonly supergraphSchema: GraphQLSchema
}

/** What has been composed needs no validating again: that takes ten times as long as all the rest. */
const VALID = { assumeValidSDL: true }

/**
 * Loads a supergraph in this thread, in steps between which the event loop has its turn: the graph may change while it serves.
 * Throws for a text that is no supergraph.
 */
export async function loadGraph(supergraphSdl: string): Promise<LoadedGraph> {
  const supergraph = loadSupergraph(supergraphSdl)
  await turn()
  const apiSchema = supergraph.apiSchema()
  await turn()
  const schema = buildASTSchema(withDefer(apiSchema.toAST()), VALID)
  await turn()
  return { supergraphSdl, schema, supergraphSchema: buildASTSchema(parse(supergraphSdl, { noLocation: true }), VALID) }
}

/** Built in by now, it is in no schema's text (incremental delivery). */
const DEFER = parse('directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT', { noLocation: true })

function withDefer(document: DocumentNode): DocumentNode {
  const isDefined = document.definitions.some((each) => each.kind === Kind.DIRECTIVE_DEFINITION && each.name.value === 'defer')
  return isDefined ? document : { ...document, definitions: [...document.definitions, ...DEFER.definitions] }
}
