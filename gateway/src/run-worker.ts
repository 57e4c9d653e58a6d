import { Worker } from 'node:worker_threads'

/** Memory of a worker thread that handles what others wrote; beyond it that one input fails. */
const WORKER_MEMORY_MB = 256

/**
 * Starts a worker of this package. Threads load plain JavaScript, so it is the built file, whether the caller runs from `src/`
 * (in tests) or from `dist/`.
 */
export const startWorker = (path: string, workerData: unknown): Worker =>
  new Worker(new URL(`../dist/${path}`, import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_MEMORY_MB },
  })

/** The worker's one message. Rejects when it fails, runs out of memory, or takes longer than `limitMs`. */
export function runWorker<Result>(path: string, workerData: unknown, limitMs: number): Promise<Result> {
  const worker = startWorker(path, workerData)
  return new Promise<Result>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('ended without an answer')))
    worker.once('exit', () => clearTimeout(deadline))
  }).finally(() => worker.terminate())
}
