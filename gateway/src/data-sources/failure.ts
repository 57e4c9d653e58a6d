import { AshlarError, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'

const RETRY_AFTER_SECONDS = 5

export interface Failed {
  readonly service: string
  readonly requestId: string
  /** Whether it was asked to write: it may have done so for all we know. */
  readonly writing: boolean
}

/** SUBGRAPH_UNAVAILABLE for a service that did not answer: as it said itself, else what really happened goes to the log alone. */
export function failureOf(error: unknown, { service, requestId, writing }: Failed, log: Logger): AshlarError {
  if (error instanceof AshlarError && error.code === 'SUBGRAPH_UNAVAILABLE') return error
  log.error({ err: error, service, requestId }, 'a service did not answer')
  return subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS, ...(writing && { outcome: 'UNKNOWN' }) })
}
