import { forbidden, rateLimited, subgraphUnavailable } from '@ashlar/kit/errors'
import type { FastifyReply } from 'fastify'
import type { GraphQLFormattedError } from 'graphql'
import type { Limits } from '../limits.js'
import type { Full } from './places.js'

const RETRY_AFTER_SECONDS = 5

/** Answers with errors in the form of GraphQL, so that a client has one form to read. */
export function refuse(reply: FastifyReply, status: number, errors: readonly GraphQLFormattedError[]): void {
  const [retryAfter] = errors.flatMap(({ extensions }) => extensions?.retryAfterSeconds ?? [])
  if (status === 401) reply.header('www-authenticate', 'Bearer error="invalid_token"')
  if (typeof retryAfter === 'number') reply.header('retry-after', String(Math.ceil(retryAfter)))
  reply.header('cache-control', 'private, no-store').code(status).type('application/json; charset=utf-8').send(JSON.stringify({ errors }))
}

/** Something about the request is wrong that has nothing to do with what it asks. */
export const refuseRequest = (reply: FastifyReply, status: number, message: string): void =>
  refuse(reply, status, [{ message, extensions: { code: 'BAD_REQUEST' } }])

/** There is no room for another connection. */
export function refuseFull(reply: FastifyReply, full: Full, limits: Limits): void {
  const [status, error] = fullness(full, limits)
  refuse(reply, status, [error])
}

function fullness(full: Full, limits: Limits): [number, GraphQLFormattedError] {
  if (full === 'ALL') return [503, subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }).toJSON()]
  const limit = full === 'ADDRESS' ? limits.connectionsPerAddress : limits.connectionsPerUser
  const whose = full === 'ADDRESS' ? 'address' : 'person'
  const { extensions } = rateLimited(RETRY_AFTER_SECONDS)
  return [429, { message: `Too many connections of one ${whose}: at most ${limit}.`, extensions }]
}

/** A page of an origin that is not listed: the same that CORS keeps from reading answers. */
export const refuseOrigin = (reply: FastifyReply): void =>
  refuse(reply, 403, [forbidden('Pages of this origin may not open streams here.').toJSON()])
