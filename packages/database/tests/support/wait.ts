import { setTimeout as delay } from 'node:timers/promises'

const WAIT_MS = 15_000

/** Asks again until it is so. @throws Error where it does not come to be. */
export async function until(what: string, isSo: () => Promise<unknown> | unknown): Promise<void> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await delay(10)) if (await isSo()) return
  throw new Error(`${what} did not come to be within ${WAIT_MS} ms`)
}
