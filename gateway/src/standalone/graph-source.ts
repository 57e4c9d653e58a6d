import type { Logger } from '@ashlar/kit/log'
import { StartError } from '@ashlar/kit/process-life'
import { composeSupergraph } from '../composition/compose.js'
import { readSchemas } from '../composition/schemas.js'
import { memoryStore } from '../composition/supergraph-store.js'
import type { Source } from '../data-sources/source.js'
import type { Limits } from '../limits.js'
import { readGraphFile } from './graph-file.js'
import { lastGood } from './last-good.js'
import { findSchemas } from './service-schemas.js'
import type { GraphFrom, NamedAddress } from './settings.js'

export interface GraphSourceOptions {
  readonly from: GraphFrom
  /** The folder in which what was good last is kept; nowhere where it is null. */
  readonly keep: string | null
  readonly sourceOf: (name: string, url: URL) => Source
  readonly limits: Limits
  readonly log: Logger
}

/** Where a graph comes from, and what it was when it was good. */
export interface GraphSource {
  /** The supergraph as it is now, or as it is known of services that are away. @throws StartError or CompositionError in words for people */
  read(): Promise<string>
  /** The last one that was good; null where none is kept. */
  lastGood(): Promise<string | null>
  /** Whether services were away when it was read. */
  readonly isIncomplete: boolean
  /** What was read last is being served. */
  served(supergraphSdl: string): Promise<void>
}

export function graphSource({ from, keep, sourceOf, limits, log }: GraphSourceOptions): GraphSource {
  const last = lastGood(keep, from, log)
  if ('file' in from) {
    return {
      read: () => readGraphFile(from.file),
      lastGood: () => last.graph(),
      isIncomplete: false,
      served: (supergraphSdl) => last.keep(supergraphSdl, new Map()),
    }
  }

  const store = memoryStore()
  /** What each service said last that was part of a graph that could be served. */
  const known = new Map<NamedAddress, string>()
  let latest: ReadonlyMap<NamedAddress, string> = known
  let away = ''

  async function read(services: readonly NamedAddress[]): Promise<string> {
    const { schemas, faults } = await findSchemas(services, sourceOf)
    const all = new Map(schemas)
    const unknown: string[] = []
    for (const [service, fault] of faults) {
      const sdl = known.get(service) ?? (await last.schema(service))
      if (sdl === null) unknown.push(`  ${service.name}: ${fault}`)
      else all.set(service, sdl)
    }
    tellAway([...faults.keys()].map(({ name }) => name).join(', '))
    if (unknown.length > 0) throw new StartError(['Not every service says what its schema is:', ...unknown].join('\n'))
    latest = all
    const named = services.map((service) => ({ name: service.name, url: service.url.href, sdl: all.get(service) ?? '' }))
    return composeSupergraph(readSchemas(named, limits), { store, limits, log })
  }

  /** Once for each change, however often they are asked. */
  function tellAway(names: string): void {
    if (names === away) return
    if (names) log.warn({ services: names }, 'services do not say what their schemas are: the last good ones are taken for them')
    else log.info('every service says what its schema is')
    away = names
  }

  return {
    read: () => read(from.services),
    lastGood: () => last.graph(),
    get isIncomplete() {
      return away !== ''
    },
    async served(supergraphSdl) {
      for (const [service, sdl] of latest) known.set(service, sdl)
      await last.keep(supergraphSdl, known)
    },
  }
}
