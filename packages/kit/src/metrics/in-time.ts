import { setTimeout as delay } from 'node:timers/promises'

/** What a measurement waits for, but no longer than `limitMs`. @throws what the work throws, or that there was no answer */
export async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  const answered = new AbortController()
  const late = delay(limitMs, undefined, { signal: answered.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${limitMs} ms`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    answered.abort()
  }
}
