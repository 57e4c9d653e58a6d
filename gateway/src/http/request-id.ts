import { randomUUID } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

const REQUEST_ID_HEADER = 'x-request-id'

/** What a proxy or client may call a request: long enough to be its own, and nothing that could be anything else in a log. */
const ID = /^[\w.:+=/-]{8,64}$/

/** Kept with the request itself: what stands in a weak map lives on until the old generation is looked through. */
const ID_OF = Symbol('request id')

interface Named {
  [ID_OF]?: string
}

/** How a request is called in log, traces and services: as it came in `x-request-id`, where that can be, else by a name of our own. */
export function requestIdOf(request: FastifyRequest & Named): string {
  const known = request[ID_OF]
  if (known !== undefined) return known
  const given = request.headers[REQUEST_ID_HEADER]
  const id = typeof given === 'string' && ID.test(given) ? given : randomUUID()
  request[ID_OF] = id
  return id
}

/** A hook that has each answer say it, so that whoever has one can ask for its line in the log. */
export const answerRequestId = async (request: FastifyRequest, reply: FastifyReply) => {
  reply.header(REQUEST_ID_HEADER, requestIdOf(request))
}
