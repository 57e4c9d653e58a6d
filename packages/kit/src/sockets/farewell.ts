import type { WebSocket } from 'ws'

/** Close codes of RFC 6455 (7.4.1 and its registry), beside those of graphql-transport-ws; its clients come back after 1001, 1012 and 1013. */
export const SocketCode = {
  GoingAway: 1001,
  UnsupportedData: 1003,
  PolicyViolation: 1008,
  ServiceRestart: 1012,
  TryAgainLater: 1013,
} as const

/** How long a closing handshake may take. */
const FAREWELL_MS = 2_000
/** What a frame that closes has room for (RFC 6455, 5.5). */
const REASON_BYTES_MAX = 123

/** Says why, and is gone soon whether the other side reads it or not. Resolves once it is. */
export function farewell(socket: WebSocket, code: number, reason: string): Promise<void> {
  if (socket.readyState === socket.CLOSED) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.terminate(), FAREWELL_MS).unref()
    socket.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    if (socket.readyState === socket.OPEN) socket.close(code, cut(reason))
  })
}

function cut(reason: string): string {
  if (Buffer.byteLength(reason) <= REASON_BYTES_MAX) return reason
  // A character that is cut in two becomes U+FFFD, which has three bytes.
  return `${Buffer.from(reason)
    .subarray(0, REASON_BYTES_MAX - 6)
    .toString()}…`
}
