import { expandSubject, subjectTypesOf } from '@ashlar/kit/expand-subject'
import { type DocumentNode, GraphQLError, parse, print } from 'graphql'
import type { Limits } from '../limits.js'
import { runWorker } from '../run-worker.js'
import type { Composed, NamedSchema } from './compose-worker.js'
import { CompositionError, type CompositionFault } from './composition-error.js'
import { keyOf, type SupergraphStore } from './supergraph-store.js'

/**
 * The schemas with `Subject` expanded in each, as they are composed. Throws CompositionError for a text that is no schema or is
 * too long.
 */
export function expandSchemas(schemas: readonly NamedSchema[], { sdlBytes }: Pick<Limits, 'sdlBytes'>): readonly NamedSchema[] {
  const faults: CompositionFault[] = []
  const documents = schemas.map(({ name, sdl }): DocumentNode => {
    const document = parseSchema(name, sdl, sdlBytes)
    if ('code' in document) faults.push(document)
    return 'code' in document ? ({ kind: 'Document', definitions: [] } as never) : document
  })
  if (faults.length > 0) throw new CompositionError(faults)
  const subjects = subjectTypesOf(documents)
  return schemas.map((schema, index) => {
    const document = documents[index] as DocumentNode
    const expanded = expandSubject(document, subjects)
    return expanded === document ? schema : { ...schema, sdl: print(expanded) }
  })
}

function parseSchema(name: string, sdl: string, sdlBytes: number): DocumentNode | CompositionFault {
  if (Buffer.byteLength(sdl) > sdlBytes) return { code: 'SCHEMA_TOO_LARGE', message: `[${name}] the schema is over ${sdlBytes} bytes` }
  try {
    return parse(sdl, { noLocation: true })
  } catch (error) {
    if (error instanceof GraphQLError) return { code: 'INVALID_GRAPHQL', message: `[${name}] ${error.message}` }
    throw error
  }
}

/** The supergraph of these schemas, composed in a thread of its own, or as the store has it. Throws CompositionError. */
export async function composeSupergraph(schemas: readonly NamedSchema[], store: SupergraphStore, limits: Limits): Promise<string> {
  const key = keyOf(schemas)
  const known = await store.get(key)
  if (known) return known
  const composed = await runWorker<Composed>('composition/compose-worker.js', schemas, limits.compositionMs).catch(
    (error: Error): Composed => {
      return { faults: [{ code: 'COMPOSITION_FAILED', message: `composing ${error.message}` }] }
    },
  )
  if ('faults' in composed) throw new CompositionError(composed.faults)
  await store.set(key, composed.supergraphSdl)
  return composed.supergraphSdl
}
