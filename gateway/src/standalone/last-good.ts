import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { Logger } from '@ashlar/kit/log'
import { fileStore, type SupergraphStore } from '../composition/supergraph-store.js'
import type { GraphFrom, NamedAddress } from './settings.js'

/** Of services and graphs together, in one folder. */
const KEPT_MAX = 1_000

/** What could be served last, for a start at which not everything is there. */
export interface LastGood {
  /** The supergraph; null where none is kept. */
  graph(): Promise<string | null>
  /** The schema that a service had in it. */
  schema(service: NamedAddress): Promise<string | null>
  keep(supergraphSdl: string, schemas: ReadonlyMap<NamedAddress, string>): Promise<void>
}

const NOWHERE: SupergraphStore = { get: async () => null, set: async () => {} }

/** Keeps it in a folder, which several gateways may share; nowhere where there is none. A folder that can't be written to is no reason to fail. */
export function lastGood(directory: string | null, from: GraphFrom, log: Logger): LastGood {
  const store = directory === null ? NOWHERE : fileStore(directory, KEPT_MAX)
  const ofGraph = keyOf('file' in from ? ['file', resolve(from.file)] : ['services', ...from.services.map(nameOf).sort()])
  const ofService = (service: NamedAddress) => keyOf(['service', nameOf(service)])
  const written = new Map<string, string>()

  async function write(key: string, text: string): Promise<void> {
    if (written.get(key) === text) return
    await store.set(key, text)
    written.set(key, text)
  }

  return {
    graph: () => store.get(ofGraph),
    schema: (service) => store.get(ofService(service)),
    async keep(supergraphSdl, schemas) {
      try {
        await write(ofGraph, supergraphSdl)
        for (const [service, sdl] of schemas) await write(ofService(service), sdl)
      } catch (error) {
        log.warn({ err: error }, 'the graph can not be kept for a start at which not everything is there')
      }
    },
  }
}

const nameOf = ({ name, url }: NamedAddress): string => `${name}=${url.href}`
const keyOf = (parts: readonly string[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
