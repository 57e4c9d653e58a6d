import { AshlarError } from '@ashlar/kit/errors'
import type { Limits } from '../limits.js'

/** How long an operation may take, and one fetch of it by itself. */
export type Times = Pick<Limits, 'operationMs' | 'fetchMs'>

const RETRY_AFTER_SECONDS = 5

export interface Within {
  readonly times: Times | undefined
  /** How long the operation has taken so far. */
  readonly goneMs: number
  readonly writing: boolean
}

/**
 * Asks within what is left of an operation's time. A fetch has a limit of its own, so that it is only watched where less than that is left.
 * @throws SUBGRAPH_UNAVAILABLE once the time is over; what is not asked by then is not asked any more
 */
export async function inTime<Value>({ times, goneMs, writing }: Within, ask: () => Promise<Value>): Promise<Value> {
  if (!times) return ask()
  const { operationMs, fetchMs } = times
  const leftMs = operationMs - goneMs
  if (leftMs <= 0) throw overdue(operationMs, false)
  if (leftMs >= fetchMs) return ask()
  let timer: NodeJS.Timeout | undefined
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(overdue(operationMs, writing)), leftMs)
  })
  return Promise.race([ask(), end]).finally(() => clearTimeout(timer))
}

const overdue = (operationMs: number, isUnknown: boolean): AshlarError =>
  new AshlarError('SUBGRAPH_UNAVAILABLE', `The operation took longer than ${operationMs / 1_000} s.`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    ...(isUnknown && { outcome: 'UNKNOWN' }),
  })
