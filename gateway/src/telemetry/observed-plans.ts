import type { QueryPlan } from '@apollo/query-planner'
import type { Limits } from '../limits.js'
import { planCache } from '../planning/plan-cache.js'
import type { Operation, Planned } from '../planning/planner.js'
import type { Telemetry } from './telemetry.js'

/** Plans that are kept, with what is counted of them. */
export function observedPlans(
  limits: Limits,
  plan: (operation: Operation) => Promise<Planned>,
  { tally, measures }: Pick<Telemetry, 'tally' | 'measures'>,
): (hash: string, operation: Operation) => Promise<QueryPlan> {
  const cached = planCache(limits, async (operation) => {
    const begun = performance.now()
    tally.plansMade += 1
    tally.planning += 1
    try {
      return await plan(operation)
    } finally {
      tally.planning -= 1
      measures?.planned.observe((performance.now() - begun) / 1_000)
    }
  })
  return (hash, operation) => {
    tally.plansWanted += 1
    return cached(hash, operation)
  }
}
