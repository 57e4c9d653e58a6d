import type { QueryPlan } from '@apollo/query-planner'
import { AshlarError } from '@ashlar/kit/errors'
import type { Limits } from '../limits.js'
import type { Operation, Planned } from './planner.js'

interface Kept {
  readonly planned: Promise<Planned>
  readonly wanted: Wanted
  /** How often it was wanted lately. */
  uses: number
  /** Whether there is a plan: it may still be made, or have been refused. */
  isPlanned: boolean
  bytes: number
}

/** An operation, and the hash that stands for its text. */
export interface Wanted {
  readonly hash: string
  readonly operation: Operation
}

export interface PlanCache {
  (hash: string, operation: Operation): Promise<QueryPlan>
  /** The operations that were wanted most lately, at most so many, and of those that could be planned. */
  hottest(max: number): readonly Wanted[]
  /** Plans what was wanted of another cache, exactly as it was wanted there. */
  renew(wanted: Wanted): Promise<unknown>
}

/** After so many uses all of them count half: what was wanted yesterday is not what is wanted now. */
const HALVED_AFTER = 10_000

/**
 * Plans each operation once: those at the same time share the first one's planning, and what was refused as TOO_COMPLEX stays
 * refused. Bounded by number and by size; the one used longest ago makes room.
 */
export function planCache({ plansKept, planBytesKept }: Limits, plan: (operation: Operation) => Promise<Planned>): PlanCache {
  const plans = new Map<string, Kept>()
  let bytes = 0
  let usesInAll = 0

  const drop = (key: string) => {
    bytes -= plans.get(key)?.bytes ?? 0
    plans.delete(key)
  }
  const makeRoom = () => {
    for (const key of plans.keys()) {
      if (plans.size <= plansKept && bytes <= planBytesKept) return
      drop(key)
    }
  }

  const use = (kept: Kept) => {
    kept.uses += 1
    usesInAll += 1
    if (usesInAll % HALVED_AFTER === 0) for (const each of plans.values()) each.uses /= 2
  }

  const add = (key: string, wanted: Wanted): Kept => {
    // What waits and what is refused holds its text as well.
    const kept: Kept = { planned: plan(wanted.operation), wanted, uses: 0, isPlanned: false, bytes: wanted.operation.query.length }
    plans.set(key, kept)
    bytes += kept.bytes
    kept.planned.then(
      (planned) => {
        if (plans.get(key) !== kept) return
        kept.isPlanned = true
        kept.bytes += planned.bytes
        bytes += planned.bytes
        makeRoom()
      },
      (error) => {
        const remembered = error instanceof AshlarError && error.code === 'TOO_COMPLEX'
        if (!remembered && plans.get(key) === kept) drop(key)
      },
    )
    makeRoom()
    return kept
  }

  const cache = async (hash: string, operation: Operation): Promise<QueryPlan> => {
    const key = `${hash} ${operation.operationName ?? ''}`
    const known = plans.get(key)
    if (known) {
      plans.delete(key)
      plans.set(key, known)
    }
    const kept = known ?? add(key, { hash, operation })
    use(kept)
    const { plan } = await kept.planned
    return plan
  }
  const hottest = (max: number): readonly Wanted[] =>
    [...plans.values()]
      .filter(({ isPlanned }) => isPlanned)
      .sort((one, other) => other.uses - one.uses)
      .slice(0, max)
      .map(({ wanted }) => wanted)
  return Object.assign(cache, { hottest, renew: ({ hash, operation }: Wanted) => cache(hash, operation) })
}
