import { expandSubject, subjectTypesOf } from '@ashlar/kit/expand-subject'
import type { Logger } from '@ashlar/kit/log'
import { builtFile, runWorker } from '@ashlar/kit/worker-lane'
import { print } from 'graphql'
import type { Limits } from '../limits.js'
import type { Composed } from './compose-worker.js'
import { CompositionError } from './composition-error.js'
import type { NamedSchema, ReadSchema } from './schemas.js'
import { keyOf, type SupergraphStore } from './supergraph-store.js'

/** The schemas as they are composed, with `Subject` expanded in each. */
export function expandSchemas(schemas: readonly ReadSchema[]): readonly NamedSchema[] {
  const subjects = subjectTypesOf(schemas.map(({ document }) => document))
  return schemas.map(({ name, url, sdl, document }) => {
    const expanded = expandSubject(document, subjects)
    return { name, ...(url && { url }), sdl: expanded === document ? sdl : print(expanded) }
  })
}

/** The supergraph of these schemas, composed in a thread of its own, or as the store has it. Throws CompositionError. */
export async function composeSupergraph(
  schemas: readonly NamedSchema[],
  { store, limits, log }: { readonly store: SupergraphStore; readonly limits: Limits; readonly log: Logger },
): Promise<string> {
  const key = keyOf(schemas)
  const known = await store.get(key)
  if (known) return known
  const file = builtFile(import.meta.url, './compose-worker.js')
  const composed = await runWorker<Composed>(file, schemas, limits.compositionMs).catch((error: Error): Composed => {
    return { faults: [{ code: 'COMPOSITION_FAILED', message: `composing ${error.message}` }] }
  })
  if ('faults' in composed) throw new CompositionError(composed.faults)
  // The graph is composed all the same: a folder that is full or read-only costs the next start its second, and nothing else.
  await store
    .set(key, composed.supergraphSdl)
    .catch((error) => log.warn({ err: error }, 'the supergraph could not be kept for the next start'))
  return composed.supergraphSdl
}
