import type { Asking } from '@ashlar/kit/caller'
import { decodeReply, REPLY_HEADER } from '@ashlar/kit/doors'
import { type DoorClient, NotSent } from '@ashlar/kit/doors-client'
import { subgraphUnavailable } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { SOCKET_BODY } from '@ashlar/kit/statements'
import type { Limits } from '../limits.js'
import { viewerOf } from '../sharing/viewer.js'
import type { SubgraphRequest } from '../subgraph.js'
import { readAnswerText } from './answer.js'
import { resilient } from './resilient.js'
import type { Source } from './source.js'
import { traceHeader } from './trace-header.js'
import { socketUrl, upstreamSockets } from './upstream-sockets.js'

export interface OverHttpOptions extends Pick<Limits, 'fetchMs'> {
  readonly door: DoorClient
  /** Whether the service signs people in: only then it gets the refresh token of a cookie, and may set it. */
  readonly signsIn: boolean
  readonly log: Logger
}

const RETRY_AFTER_SECONDS = 5
const UNAVAILABLE = 503

const MESSAGE_BYTES_MAX = 32 * 1024 * 1024

/** Asks a service that is a process of its own, within `fetchMs`, each time with a statement of who asks. Closed by `close`. */
export function overHttp({ door, signsIn, fetchMs, log }: OverHttpOptions): Source & { close(): void } {
  const { follow, close } = upstreamSockets({
    url: socketUrl(new URL('/graphql', door.url)),
    proof: (asking) => ({ statement: door.statement('/graphql', SOCKET_BODY, withoutCookie(asking)) }),
    keyOf: (asking) => viewerOf(asking).key,
    tellsStart: true,
    messageBytesMax: MESSAGE_BYTES_MAX,
  })
  const source = resilient({
    abort: (reason) => door.abort(reason),
    async ask(request, asking) {
      const body = request.body ?? bodyOf(request)
      const answer = await door
        .send({ door: '/graphql', body, asking: signsIn ? asking : withoutCookie(asking), limitMs: fetchMs, headers: traceHeader(asking) })
        .catch((error: unknown) => {
          if (!(error instanceof NotSent)) throw error
          // Nothing was asked, so that nothing is open about what a write has done.
          log.error({ reason: error.message, service: door.audience, requestId: asking.request.id }, 'a service can not be reached')
          throw subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
        })
      // On its way out it takes nothing any more.
      if (answer.status === UNAVAILABLE) throw subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
      if (answer.status !== 200) throw new Error(`answered with status ${answer.status}`)
      const read = readAnswerText(String(answer.body))
      const refreshCookie = signsIn ? decodeReply(answer.headers[REPLY_HEADER]) : undefined
      asking.reply.hints?.answered(undefined)
      if (refreshCookie !== undefined) asking.reply.refreshCookie = refreshCookie
      return { ...read, bytes: answer.body.length }
    },
  })
  return { ...source, follow, close }
}

const bodyOf = ({ query, operationName, variables }: SubgraphRequest): string =>
  JSON.stringify({ query, ...(operationName && { operationName }), variables })

const withoutCookie = (asking: Asking): Asking =>
  asking.request.refreshCookie === null ? asking : { ...asking, request: { ...asking.request, refreshCookie: null } }
