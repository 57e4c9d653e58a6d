import type { Logger } from '@ashlar/kit/log'
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'

/** An unknown `kid` looks for news at most this often, and so does a set that is old. */
const COOLDOWN_MS = 30_000
/** Where there are no keys yet. */
const FIRST_COOLDOWN_MS = 1_000
const KEPT_MS = 10 * 60_000
const ASK_MS = 5_000

/** The keys at this address. Those that could be read once serve while it is away. */
export function publishedKeys(url: URL, log: Logger): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, { cooldownDuration: COOLDOWN_MS, cacheMaxAge: Number.POSITIVE_INFINITY, timeoutDuration: ASK_MS })
  let local: ReturnType<typeof createLocalJWKSet> | null = null
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | null = null

  const read = (): Promise<void> => {
    askedAt = performance.now()
    asking ??= remote
      .reload()
      .then(() => {
        const keys = remote.jwks()
        if (keys) local = createLocalJWKSet(keys)
      })
      .finally(() => {
        asking = null
      })
    return asking
  }
  const isOver = (ms: number): boolean => performance.now() - askedAt >= ms
  const readAgain = (): Promise<void> =>
    read().catch((error: unknown) => {
      log.error({ err: error }, 'the keys of tokens can not be read anew; those from before are used')
    })

  return async (header, token) => {
    if (!local) {
      if (!asking && !isOver(FIRST_COOLDOWN_MS)) throw new Error('the keys could not be read just now')
      await (asking ?? read())
    }
    if (!local) throw new Error('there are no keys')
    if (!asking && isOver(KEPT_MS)) void readAgain()
    try {
      return await local(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(asking || isOver(COOLDOWN_MS))) throw error
      await (asking ?? readAgain())
      return local(header, token)
    }
  }
}
