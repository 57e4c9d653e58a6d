import type { Source } from '../data-sources/source.js'
import { NOBODY } from './nobody.js'
import type { NamedAddress } from './settings.js'

const SDL = 'query { _service { sdl } }'
/** A service that hangs must not hold up a graph that can be had without it. */
const ASK_MS = 5_000

export interface FoundSchemas {
  readonly schemas: ReadonlyMap<NamedAddress, string>
  /** Why the others did not answer, in words. */
  readonly faults: ReadonlyMap<NamedAddress, string>
}

/** Asks each service for its schema (Apollo Federation, Subgraph specification). */
export async function findSchemas(services: readonly NamedAddress[], sourceOf: (name: string, url: URL) => Source): Promise<FoundSchemas> {
  const schemas = new Map<NamedAddress, string>()
  const faults = new Map<NamedAddress, string>()
  await Promise.all(
    services.map(async (service) => {
      try {
        schemas.set(service, await inTime(fetchSdl(sourceOf(service.name, service.url))))
      } catch (error) {
        faults.set(service, error instanceof Error ? error.message || error.name : String(error))
      }
    }),
  )
  return { schemas, faults }
}

async function fetchSdl(source: Source): Promise<string> {
  const { data, errors } = await source.ask({ query: SDL, variables: {}, writing: false }, NOBODY)
  const sdl = (data?._service as { sdl?: unknown } | null | undefined)?.sdl
  if (typeof sdl !== 'string') throw new Error(errors[0]?.message ?? 'answered no SDL')
  return sdl
}

function inTime(asked: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined
  const overrun = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not answer in ${ASK_MS} ms`)), ASK_MS)
  })
  return Promise.race([asked, overrun]).finally(() => clearTimeout(timer))
}
