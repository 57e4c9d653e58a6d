import type { QueryPlan } from '@apollo/query-planner'
import { tooComplex } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { builtFile, WorkerLane } from '@ashlar/kit/worker-lane'
import type { Limits } from '../limits.js'
import type { PlannerData, PlanRequest, PlanResult } from './planner-worker.js'

export type Operation = PlanRequest

export interface Planned {
  readonly plan: QueryPlan
  /** How long it is as text. */
  readonly bytes: number
}

/**
 * Plans one operation after another in a thread, since planning is synchronous and can take gigabytes. What overruns its time or
 * the thread's memory is TOO_COMPLEX.
 */
export class Planner {
  private lane: WorkerLane<PlanRequest, PlanResult> | null = null
  private asked = 0
  private retired = false

  constructor(
    private readonly supergraphSdl: string,
    private readonly limits: Limits,
    private readonly log: Logger,
  ) {}

  /** Loads the supergraph ahead of the first operation. */
  warm(): void {
    this.open().warm()
  }

  /** The plan. @throws TOO_COMPLEX for what can't be planned in time, RATE_LIMITED when too many wait, or this one for too long. */
  async plan(operation: Operation): Promise<Planned> {
    this.asked += 1
    try {
      const result = await this.open().ask(operation)
      if ('tooComplex' in result) throw refusal()
      return { plan: JSON.parse(result.plan), bytes: result.plan.length }
    } finally {
      this.asked -= 1
      if (this.retired) await this.closeIdle()
    }
  }

  /** Keeps the thread for what is asked now; a request that began with this version of the graph may still ask later. */
  async retire(): Promise<void> {
    this.retired = true
    await this.closeIdle()
  }

  async close(): Promise<void> {
    const { lane } = this
    this.lane = null
    await lane?.close()
  }

  private async closeIdle() {
    if (this.asked === 0) await this.close()
  }

  private open(): WorkerLane<PlanRequest, PlanResult> {
    const { supergraphSdl, limits } = this
    this.lane ??= new WorkerLane<PlanRequest, PlanResult>({
      file: builtFile(import.meta.url, './planner-worker.js'),
      workerData: { supergraphSdl, pathsLimit: limits.planningPaths } satisfies PlannerData,
      limitMs: limits.planningMs,
      waitingMax: limits.plansWaiting,
      waitingMs: limits.planWaitMs,
      failure: (reason, overran) => {
        if (!overran) return new Error(`planning failed: ${reason}`)
        this.log.warn({ reason }, 'the planner was ended')
        return refusal()
      },
    })
    return this.lane
  }
}

const refusal = () => tooComplex({ message: 'The operation takes too long to plan.' })
