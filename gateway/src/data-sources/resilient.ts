import { AshlarError, subgraphUnavailable } from '@ashlar/kit/errors'
import { isObject } from '../execution/json-text.js'
import type { Answer, Source } from './source.js'

/** Failures in a row after which a service is left alone. */
const FAILURES_MAX = 5
/** How long it is left alone; after that one fetch tries whether it is back. */
const PAUSE_MS = 1_000
/** The connection ended under the request, as one does that was idle for too long: another one may well hold. */
const CUT_OFF = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * A source over a network: what only reads is asked once more where its connection breaks, and a service that keeps failing is not asked
 * for a while, so that nobody waits for it and it has time to come back (circuit breaker).
 */
export function resilient(source: Source): Source {
  let failures = 0
  let closedUntil = 0
  let trying = false

  const isOpen = (): boolean => {
    if (failures < FAILURES_MAX) return true
    if (trying || performance.now() < closedUntil) return false
    trying = true
    return true
  }

  async function attempt(...asked: Parameters<Source['ask']>): Promise<Answer> {
    try {
      const answer = await source.ask(...asked)
      failures = 0
      return answer
    } catch (error) {
      failures += 1
      closedUntil = performance.now() + PAUSE_MS
      throw error
    } finally {
      trying = false
    }
  }

  return {
    ...source,
    isLeftAlone: () => failures >= FAILURES_MAX,
    async ask(request, asking) {
      if (!isOpen()) throw subgraphUnavailable({ retryAfterSeconds: PAUSE_MS / 1_000 })
      return attempt(request, asking).catch((error: unknown) => {
        if (request.writing !== false || !isCutOff(error)) throw error
        return attempt(request, asking)
      })
    },
  }
}

function isCutOff(error: unknown): boolean {
  if (error instanceof AshlarError) return false
  for (let cause = error, depth = 0; isObject(cause) && depth < 3; cause = cause.cause, depth += 1)
    if (CUT_OFF.has(String(cause.code))) return true
  return false
}
