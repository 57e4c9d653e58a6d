import { setImmediate as turn } from 'node:timers/promises'
import type { CheckDocument } from '../rules/check-document.js'
import type { PlanCache, Wanted } from './plan-cache.js'

export interface RenewPlansOptions {
  /** What a version of the graph that is not in force yet holds operations against, and plans them with. */
  readonly check: CheckDocument
  readonly plan: PlanCache
  readonly limitMs: number
  /** Ends it early. */
  readonly signal: AbortSignal
}

/**
 * Plans in a version of the graph that is to come what is wanted most in the one that is, so that no burst of planning meets live traffic when
 * they change places. What no longer validates or can no longer be planned is left out; one that takes too long leaves out the rest.
 */
export async function renewPlans(hottest: readonly Wanted[], { check, plan, limitMs, signal }: RenewPlansOptions): Promise<void> {
  const over = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const ended = new Promise<void>((resolve) => {
    over.addEventListener('abort', () => resolve(), { once: true })
  })
  for (const wanted of hottest) {
    if (over.aborted) return
    if (isValid(check, wanted.operation.query)) await Promise.race([ended, plan.renew(wanted).catch(() => {})])
    await turn()
  }
}

const isValid = (check: CheckDocument, query: string): boolean => {
  try {
    return 'document' in check(query)
  } catch {
    return false
  }
}
