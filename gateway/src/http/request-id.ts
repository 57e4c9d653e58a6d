import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

export const REQUEST_ID_HEADER = 'x-request-id'

/** What a proxy or client may call a request: long enough to be its own, and nothing that could be anything else in a log. */
const ID = /^[\w.:+=/-]{8,64}$/

const ids = new WeakMap<FastifyRequest, string>()

/** How a request is called in log, traces and services: as it came in `x-request-id`, where that can be, else by a name of our own. */
export function requestIdOf(request: FastifyRequest): string {
  const known = ids.get(request)
  if (known !== undefined) return known
  const given = request.headers[REQUEST_ID_HEADER]
  const id = typeof given === 'string' && ID.test(given) ? given : randomUUID()
  ids.set(request, id)
  return id
}

/** A hook that has each answer say it, so that whoever has one can ask for its line in the log. */
export const answerRequestId = async (request: FastifyRequest, reply: FastifyReply) => {
  reply.header(REQUEST_ID_HEADER, requestIdOf(request))
}
