import { type DocumentNode, parse } from 'graphql'
import type { Limits } from '../limits.js'
import { CompositionError, type CompositionFault } from './composition-error.js'

export interface NamedSchema {
  readonly name: string
  readonly url?: string
  readonly sdl: string
}

export interface ReadSchema extends NamedSchema {
  readonly document: DocumentNode
}

/** Throws CompositionError for a text that is no schema or too long, and for a name that two services have. */
export function readSchemas(schemas: readonly NamedSchema[], { sdlBytes }: Pick<Limits, 'sdlBytes'>): readonly ReadSchema[] {
  const faults: CompositionFault[] = []
  const names = new Set<string>()
  const read = schemas.flatMap((schema): ReadSchema[] => {
    const { name, sdl } = schema
    const fault = (code: string, message: string) => {
      faults.push({ code, message: `[${name}] ${message}` })
      return []
    }
    if (names.has(name)) return fault('NAME_TAKEN', 'two services have this name')
    names.add(name)
    if (Buffer.byteLength(sdl) > sdlBytes) return fault('SCHEMA_TOO_LARGE', `the schema is over ${sdlBytes} bytes`)
    try {
      return [{ ...schema, document: parse(sdl, { noLocation: true }) }]
    } catch (error) {
      return fault('INVALID_GRAPHQL', error instanceof Error ? error.message : String(error))
    }
  })
  if (faults.length > 0) throw new CompositionError(faults)
  return read
}
