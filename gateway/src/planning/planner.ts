import type { Worker } from 'node:worker_threads'
import type { QueryPlan } from '@apollo/query-planner'
import { rateLimited, tooComplex } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { Limits } from '../limits.js'
import { startWorker } from '../run-worker.js'
import type { PlannerData, PlannerMessage, PlanRequest } from './planner-worker.js'

export interface Operation {
  readonly query: string
  readonly operationName: string | null
}

interface Waiting extends Operation {
  readonly resolve: (plan: QueryPlan) => void
  readonly reject: (error: Error) => void
}

/** How long a thread may take to load the supergraph, on a machine that is busy. */
const STARTING_MS = 60_000

/**
 * Plans one operation after another in a thread, since planning is synchronous and can take gigabytes. What overruns its time or
 * the thread's memory ends the thread and is TOO_COMPLEX; the next operation gets a new thread.
 */
export class Planner {
  private worker: Worker | null = null
  private ready = false
  private deadline: NodeJS.Timeout | undefined
  private current: (Waiting & { readonly id: number }) | null = null
  private readonly waiting: Waiting[] = []
  private lastId = 0
  private draining = false
  private closed = false

  constructor(
    private readonly supergraphSdl: string,
    private readonly limits: Limits,
    private readonly log: Logger,
  ) {}

  /** Loads the supergraph ahead of the first operation. */
  warm() {
    if (!this.worker && !this.closed) this.start()
  }

  /** The plan. Throws TOO_COMPLEX for what can't be planned in time, RATE_LIMITED when too many wait. */
  plan(operation: Operation): Promise<QueryPlan> {
    if (this.closed) return Promise.reject(new Error('the planner is closed'))
    if (this.waiting.length >= this.limits.plansWaiting) return Promise.reject(rateLimited(this.limits.planningMs / 1000))
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...operation, resolve, reject })
      this.warm()
      this.next()
    })
  }

  /** Finishes what waits, then closes. */
  async drain() {
    this.draining = true
    if (!this.current && this.waiting.length === 0) await this.close()
  }

  async close() {
    this.closed = true
    const refused = new Error('the planner is closed')
    for (const { reject } of [...this.waiting.splice(0), ...(this.current ? [this.current] : [])]) reject(refused)
    this.current = null
    await this.stop()
  }

  private start() {
    const { supergraphSdl } = this
    const data: PlannerData = { supergraphSdl, pathsLimit: this.limits.planningPaths }
    const worker = startWorker('planning/planner-worker.js', data)
    this.worker = worker
    this.expect(STARTING_MS, worker)
    worker.on('message', (message: PlannerMessage) => this.worker === worker && this.receive(message))
    worker.on('error', (error) => this.worker === worker && this.fail(error))
    // A planner that has nothing to do keeps no process alive.
    worker.unref()
  }

  private receive(message: PlannerMessage) {
    clearTimeout(this.deadline)
    if ('ready' in message) this.ready = true
    else if (this.current?.id === message.id) {
      if ('plan' in message) this.current.resolve(JSON.parse(message.plan))
      else this.current.reject(new Error(message.fault))
      this.current = null
    }
    this.next()
  }

  private next() {
    if (!this.ready || this.current || !this.worker) return
    const operation = this.waiting.shift()
    if (!operation && this.draining) return void this.close()
    if (!operation) return this.worker.unref()
    this.lastId += 1
    this.current = { ...operation, id: this.lastId }
    this.worker.ref()
    this.expect(this.limits.planningMs, this.worker)
    const { query, operationName } = operation
    this.worker.postMessage({ id: this.lastId, query, operationName } satisfies PlanRequest)
  }

  private expect(limitMs: number, worker: Worker) {
    clearTimeout(this.deadline)
    this.deadline = setTimeout(() => this.worker === worker && this.fail(new Error(`took longer than ${limitMs} ms`)), limitMs)
    this.deadline.unref()
  }

  private fail(error: Error) {
    const loading = !this.ready
    const refused = this.current
    this.current = null
    this.log.warn({ err: error, loading, query: refused?.operationName }, 'the planner was ended')
    if (loading) for (const { reject } of this.waiting.splice(0)) reject(error)
    else refused?.reject(tooComplex({ message: 'The operation takes too long to plan.' }))
    void this.stop()
    if (this.waiting.length > 0) this.start()
  }

  private async stop() {
    clearTimeout(this.deadline)
    const { worker } = this
    this.worker = null
    this.ready = false
    await worker?.terminate()
  }
}
