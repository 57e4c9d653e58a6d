import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from './client.js'
import type { FaultsFound } from './faults-found.js'
import type { Seeded } from './seeded.js'

/** An answer after which the same operation, with the same idempotency key, is worth another attempt. */
const AGAIN = new Set(['SUBGRAPH_UNAVAILABLE', 'RATE_LIMITED'])
const FIRST_WAIT_MS = 50
const WAIT_MS_MAX = 1_000
/** Whatever broke, all is well again within this. */
export const PATIENCE_MS = 60_000

export interface Persistence {
  readonly urls: readonly string[]
  readonly seeded: Seeded
  readonly found: FaultsFound
  /** What is tried, for people. */
  readonly what: string
  /** One attempt at one of the gateways. @throws Error where no answer came */
  attempt(url: string): Promise<Answer<unknown>>
  /** Called for UNAUTHENTICATED, before the next attempt. */
  signInAgain?(): Promise<void>
  readonly signal: AbortSignal
}

export interface Acknowledged<Data> {
  readonly data: Data
  /** How many attempts got no answer, or one that leaves it open whether it was done. */
  readonly unanswered: number
}

/**
 * Does what a good client does: the same operation again and again, at either gateway, until it is acknowledged.
 * @returns null where it was given up: refused as it never should be, or not acknowledged in time, both of which are faults; or `signal`
 */
export async function untilAcknowledged<Data>(options: Persistence): Promise<Acknowledged<Data> | null> {
  const { urls, seeded, found, what, attempt, signInAgain, signal } = options
  const end = performance.now() + PATIENCE_MS
  let unanswered = 0
  let last = ''
  for (let wait = FIRST_WAIT_MS; !signal.aborted; wait = Math.min(2 * wait, WAIT_MS_MAX)) {
    const { answer, failure } = await attempt(seeded.pick(urls)).then(
      (given) => ({ answer: given, failure: '' }),
      (error: Error) => ({ answer: null, failure: String(error.cause ?? error) }),
    )
    if (answer?.data) return { data: answer.data as Data, unanswered }
    if (answer) {
      const { codes, words, status } = answer
      last = words || `status ${status}`
      if (codes.includes('UNAUTHENTICATED') && signInAgain) await signInAgain()
      else if (codes.length === 0 ? status < 500 : !codes.every((code) => AGAIN.has(code))) {
        found.add('WRONG_ANSWER', `${what} was answered: ${last}`)
        return null
      }
      if (codes.includes('SUBGRAPH_UNAVAILABLE')) unanswered += 1
    } else {
      unanswered += 1
      last = failure
    }
    if (performance.now() > end) {
      found.add('TOO_LATE', `${what} was not acknowledged within ${PATIENCE_MS / 1_000} s, at last: ${last}`)
      return null
    }
    await delay(seeded.between(wait / 2, wait), undefined, { signal }).catch(() => {})
  }
  return null
}
