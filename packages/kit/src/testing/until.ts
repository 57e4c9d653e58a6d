import { setTimeout as delay } from 'node:timers/promises'

const ASK_AGAIN_MS = 10

/** Waits for a condition, for tests of what happens by itself. @throws Error when it does not come about in `limitMs` */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  for (const end = performance.now() + limitMs; performance.now() < end; await delay(ASK_AGAIN_MS)) if (await condition()) return
  throw new Error(`it did not come about in ${limitMs} ms: ${condition}`)
}
