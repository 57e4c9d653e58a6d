import type { Limits } from '../limits.js'
import { type PlanCache, planCache } from '../planning/plan-cache.js'
import type { Operation, Planned } from '../planning/planner.js'
import type { Telemetry } from './telemetry.js'

/** Plans that are kept, with what is counted of them. */
export function observedPlans(
  limits: Limits,
  plan: (operation: Operation) => Promise<Planned>,
  { tally, measures }: Pick<Telemetry, 'tally' | 'measures'>,
): PlanCache {
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
  const observed = (hash: string, operation: Operation) => {
    tally.plansWanted += 1
    return cached(hash, operation)
  }
  return Object.assign(observed, { hottest: cached.hottest, renew: cached.renew })
}
