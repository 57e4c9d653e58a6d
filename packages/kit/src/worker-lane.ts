import { Worker } from 'node:worker_threads'
import { rateLimited } from './errors.js'

/**
 * Memory of a thread that handles what others wrote; beyond it that one input fails. The young generation of 48 MiB that V8 would
 * take by itself is 17 MiB more at rest, and no faster.
 */
const WORKER_MEMORY = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 }
/** How long a thread may take to load what it works with, on a machine that is busy. */
const STARTING_MS = 60_000

export interface WorkerLaneOptions {
  /** The worker's built file. It posts `{ ready: true }` once, and then an answer to each request: `{ id, result }` or `{ id, fault }`. */
  readonly file: URL
  readonly workerData?: unknown
  /** How long one request may take. */
  readonly limitMs: number
  /** How many requests may wait; one more is RATE_LIMITED. */
  readonly waitingMax: number
  /** How long a request may wait for its turn before it is RATE_LIMITED; for ever unless given. */
  readonly waitingMs?: number
  /** Made of a request that overran its time or the thread's memory, or that the thread said was at fault. */
  readonly failure: (reason: string, overran: boolean) => Error
}

export type WorkerMessage<Result> =
  | { readonly ready: true }
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly fault: string }

interface Waiting<Request, Result> {
  readonly request: Request
  readonly since: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/**
 * One thread that answers one request after another, each within a deadline: for work that is synchronous and may take a long time
 * or much memory. What overruns ends the thread and fails alone; the next request gets a new thread.
 */
export class WorkerLane<Request, Result> {
  private worker: Worker | null = null
  private ready = false
  private deadline: NodeJS.Timeout | undefined
  private current: (Waiting<Request, Result> & { readonly id: number }) | null = null
  private readonly waiting: Waiting<Request, Result>[] = []
  private lastId = 0
  private phase: 'open' | 'draining' | 'closed' = 'open'

  constructor(private readonly options: WorkerLaneOptions) {}

  /** Starts the thread ahead of the first request. */
  warm(): void {
    if (!this.worker && this.phase !== 'closed') this.start()
  }

  /** Answers a request. Rejects with RATE_LIMITED when too many wait, and with what `failure` makes. */
  ask(request: Request): Promise<Result> {
    if (this.phase === 'closed') return Promise.reject(new Error('the worker is closed'))
    if (this.waiting.length >= this.options.waitingMax) return Promise.reject(this.tooMany())
    return new Promise((resolve, reject) => {
      this.waiting.push({ request, since: performance.now(), resolve, reject })
      this.warm()
      this.next()
    })
  }

  /** Answers what waits, then closes. */
  async drain(): Promise<void> {
    if (this.phase === 'open') this.phase = 'draining'
    if (!this.current && this.waiting.length === 0) await this.close()
  }

  /** Ends the thread; what waits is rejected. */
  async close(): Promise<void> {
    this.phase = 'closed'
    const refused = new Error('the worker is closed')
    for (const { reject } of [...this.waiting.splice(0), ...(this.current ? [this.current] : [])]) reject(refused)
    this.current = null
    await this.stop()
  }

  private start(): void {
    const worker = new Worker(this.options.file, {
      workerData: this.options.workerData,
      resourceLimits: WORKER_MEMORY,
    })
    this.worker = worker
    this.expect(STARTING_MS, worker)
    worker.on('message', (message: WorkerMessage<Result>) => this.worker === worker && this.receive(message))
    worker.on('error', (error) => this.worker === worker && this.fail(error.message))
    worker.on('exit', () => this.worker === worker && this.fail('the thread ended'))
    // A thread that has nothing to do keeps no process alive.
    if (!this.current && this.waiting.length === 0) worker.unref()
  }

  private receive(message: WorkerMessage<Result>): void {
    clearTimeout(this.deadline)
    if ('ready' in message) this.ready = true
    else if (this.current?.id === message.id) {
      if ('result' in message) this.current.resolve(message.result)
      else this.current.reject(this.options.failure(message.fault, false))
      this.current = null
    }
    this.next()
  }

  private next(): void {
    if (!this.ready || this.current || !this.worker) return
    const next = this.nextInTime()
    if (!next) {
      this.worker.unref()
      if (this.phase === 'draining') void this.close()
      return
    }
    this.lastId += 1
    this.current = { ...next, id: this.lastId }
    this.worker.ref()
    this.expect(this.options.limitMs, this.worker)
    this.worker.postMessage({ id: this.lastId, request: next.request })
  }

  /** Who waited too long has most likely gone away: their turn is the next one's. */
  private nextInTime(): Waiting<Request, Result> | undefined {
    const { waitingMs = Number.POSITIVE_INFINITY } = this.options
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      if (performance.now() - next.since <= waitingMs) return next
      next.reject(this.tooMany())
    }
    return undefined
  }

  private tooMany(): Error {
    return rateLimited(Math.max(1, this.options.limitMs / 1000))
  }

  private expect(limitMs: number, worker: Worker): void {
    clearTimeout(this.deadline)
    this.deadline = setTimeout(() => this.worker === worker && this.fail(`took longer than ${limitMs} ms`), limitMs)
    this.deadline.unref()
  }

  private fail(reason: string): void {
    const loading = !this.ready
    const refused = this.current
    this.current = null
    // A thread that can't even load is nobody's fault in particular: it fails all who wait, rather than being tried for ever.
    if (loading) for (const { reject } of this.waiting.splice(0)) reject(new Error(`a worker did not start: ${reason}`))
    else refused?.reject(this.options.failure(reason, true))
    void this.stop()
    if (this.waiting.length > 0) this.start()
    else if (this.phase === 'draining') this.phase = 'closed'
  }

  private async stop(): Promise<void> {
    clearTimeout(this.deadline)
    const { worker } = this
    this.worker = null
    this.ready = false
    await worker?.terminate()
  }
}

/** The one message of a thread that is started for one input. Rejects when it fails, runs out of memory, or takes longer than `limitMs`. */
export function runWorker<Result>(file: URL, workerData: unknown, limitMs: number): Promise<Result> {
  const worker = new Worker(file, { workerData, resourceLimits: WORKER_MEMORY })
  return new Promise<Result>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`took longer than ${limitMs} ms`)), limitMs)
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => {
      clearTimeout(deadline)
      reject(new Error('ended without an answer'))
    })
  }).finally(() => worker.terminate())
}

/**
 * A worker's built file, by its path from the module that asks. Threads load plain JavaScript, so it is the one in `dist/` whether the
 * caller runs from `src/`, as in tests, or from there.
 */
export function builtFile(moduleUrl: string, path: string): URL {
  const source = moduleUrl.lastIndexOf('/src/')
  return new URL(path, source === -1 ? moduleUrl : `${moduleUrl.slice(0, source)}/dist/${moduleUrl.slice(source + '/src/'.length)}`)
}
