import type { QueryPlan } from '@apollo/query-planner'
import { AshlarError } from '@ashlar/kit/errors'
import type { Limits } from '../limits.js'
import type { Operation, Planned } from './planner.js'

interface Kept {
  readonly planned: Promise<Planned>
  bytes: number
}

/**
 * Plans each operation once: those at the same time share the first one's planning, and what was refused as TOO_COMPLEX stays
 * refused. Bounded by number and by size; the one used longest ago makes room.
 */
export function planCache({ plansKept, planBytesKept }: Limits, plan: (operation: Operation) => Promise<Planned>) {
  const plans = new Map<string, Kept>()
  let bytes = 0

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

  const add = (key: string, operation: Operation): Kept => {
    const kept: Kept = { planned: plan(operation), bytes: 0 }
    plans.set(key, kept)
    kept.planned.then(
      (planned) => {
        if (plans.get(key) !== kept) return
        kept.bytes = planned.bytes
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

  /** `hash` stands for the operation's text, so that a long one is not kept. */
  return async (hash: string, operation: Operation): Promise<QueryPlan> => {
    const key = `${hash} ${operation.operationName ?? ''}`
    const known = plans.get(key)
    if (known) {
      plans.delete(key)
      plans.set(key, known)
    }
    const { plan } = await (known ?? add(key, operation)).planned
    return plan
  }
}
