import type { QueryPlan } from '@apollo/query-planner'
import { AshlarError } from '@ashlar/kit/errors'
import type { Operation } from './planner.js'

/**
 * Plans each operation once: those at the same time share the first one's planning, and what was refused as TOO_COMPLEX stays
 * refused. Holds `size` of them; the one used longest ago makes room.
 */
export function planCache(size: number, plan: (operation: Operation) => Promise<QueryPlan>) {
  const plans = new Map<string, Promise<QueryPlan>>()
  return (operation: Operation): Promise<QueryPlan> => {
    const key = `${operation.operationName ?? ''}\n${operation.query}`
    const known = plans.get(key)
    plans.delete(key)
    const planned = known ?? plan(operation)
    plans.set(key, planned)
    if (known) return known
    planned.catch((error) => {
      const remembered = error instanceof AshlarError && error.code === 'TOO_COMPLEX'
      if (!remembered && plans.get(key) === planned) plans.delete(key)
    })
    if (plans.size > size) plans.delete(plans.keys().next().value ?? '')
    return planned
  }
}
