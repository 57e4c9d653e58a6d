import { statfs } from 'node:fs/promises'
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Logger } from '../log.js'
import { type Family, Metrics } from '../metrics.js'

const DISK_FREE: Family = {
  name: 'ashlar_disk_free_bytes',
  help: 'What this process may still write on the disk of the data folder.',
  type: 'gauge',
}
const DISK_SIZE: Family = { name: 'ashlar_disk_size_bytes', help: 'How large the disk of the data folder is.', type: 'gauge' }

/** The process is one, however many instances it holds; and what the library observes of it can't be stopped again. */
let ofProcess: Registry | undefined

function processRegistry(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry()
    collectDefaultMetrics({ register: ofProcess })
  }
  return ofProcess
}

/** What is told of the process itself, which is observed from now on rather than from the first scrape. */
export function processRegistries(isRead: boolean): () => readonly Registry[] {
  const registries = isRead ? [processRegistry()] : []
  return () => registries
}

export interface ProcessMetricsOptions {
  readonly dataDir: string
  /** Where null nobody may scrape, and the process itself is not observed. */
  readonly metricsToken: string | null
}

/** What is measured of an instance in this process, with the process itself (memory, event loop, garbage) and its disk. */
export function processMetrics({ dataDir, metricsToken }: ProcessMetricsOptions, log: Logger): Metrics {
  const metrics = new Metrics(log, processRegistries(metricsToken !== null))
  metrics.read([DISK_FREE, DISK_SIZE], async () => {
    // A process that keeps nothing may have no such folder.
    const disk = await statfs(dataDir).catch(() => null)
    if (!disk) return []
    return [
      { family: DISK_FREE, value: disk.bavail * disk.bsize },
      { family: DISK_SIZE, value: disk.blocks * disk.bsize },
    ]
  })
  return metrics
}
