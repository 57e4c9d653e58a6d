import type { Logger } from '@ashlar/kit/log'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Origins } from './origins.js'

const METHODS = 'GET, POST, PUT, DELETE'
const HEADERS = [
  'authorization',
  'content-type',
  'ashlar-scopes',
  'ashlar-session',
  'ashlar-trace',
  'traceparent',
  'x-request-id',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'x-graphql-event-stream-token',
  'last-event-id',
].join(', ')
/** Beside what a page may always read. */
const EXPOSED = 'x-request-id, retry-after'
const PREFLIGHT_SECONDS = 7_200

/** A hook that answers listed origins exactly, and preflights. Without the headers a browser keeps the answer from the page. */
export const cors = (origins: Origins, log: Logger) => async (request: FastifyRequest, reply: FastifyReply) => {
  reply.header('vary', 'Origin')
  const { origin } = request.headers
  if (origin && (await isAllowed(origin, origins, log))) {
    reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-credentials', 'true')
      .header('access-control-expose-headers', EXPOSED)
    if (request.method === 'OPTIONS') {
      reply
        .header('access-control-allow-methods', METHODS)
        .header('access-control-allow-headers', HEADERS)
        .header('access-control-max-age', PREFLIGHT_SECONDS)
    }
  }
  if (request.method === 'OPTIONS') return reply.code(204).send()
}

/** Where the list can't be read nobody is on it; the request itself is none the worse. */
const isAllowed = (origin: string, origins: Origins, log: Logger): Promise<boolean> =>
  origins.allowed(origin).catch((error) => {
    log.warn({ err: error }, 'the allowed origins can not be read')
    return false
  })
