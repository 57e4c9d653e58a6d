import type { Limits } from '../limits.js'

const IDLE_CONNECTION_MS = 75_000
/** How often it is looked whose time is over. */
const LOOK_EVERY_MS = 1_000

/**
 * How long connections may take, for the server that takes the gateway's routes: whoever sends a request drop by drop, or nothing at all,
 * holds a connection no longer than `requestMs`.
 */
export const serverTimes = ({ requestMs }: Pick<Limits, 'requestMs'>) => ({
  requestTimeout: requestMs,
  keepAliveTimeout: IDLE_CONNECTION_MS,
  http: { headersTimeout: requestMs, connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, requestMs) },
})
