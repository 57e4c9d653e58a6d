import type { Logger } from '../log.js'

const RETRY_MS = 500
const RETRY_MS_MAX = 5_000

/** Tries for as long as what fails is worth another attempt, ever more seldom; null once `signal` is aborted. */
export async function persistently<T>(
  work: () => Promise<T>,
  { signal, log, again }: { readonly signal: AbortSignal; readonly log: Logger; again(error: unknown): boolean },
): Promise<T | null> {
  for (let wait = RETRY_MS; !signal.aborted; wait = Math.min(2 * wait, RETRY_MS_MAX)) {
    try {
      return await work()
    } catch (error) {
      if (!again(error)) throw error
      log.warn({ err: error }, 'a subscriber waits for the database')
      await pause(wait, signal)
    }
  }
  return null
}

const pause = (waitMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, waitMs)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
