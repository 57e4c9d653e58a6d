import { randomUUID } from 'node:crypto'
import { internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { GraphQLFormattedError } from 'graphql'

/** What may come from a service or from the gateway (contract, Errors); INTERNAL_SERVER_ERROR only with the id of what was logged. */
const OURS = new Set([
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'TOTP_REQUIRED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'RATE_LIMITED',
  'STALE_CURSOR',
  'TOO_COMPLEX',
  'SUBGRAPH_UNAVAILABLE',
])

/** Apollo's own for parsing, validation and persisted operations: only of what a client sent, never of what a service was asked. */
const APOLLOS = new Set([
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_NOT_IN_LIST',
  'QUERY_NOT_IN_SAFELIST',
])

/** Whether an error's code is one of those that clients may meet. */
export const isKnownCode = (code: string): boolean => OURS.has(code) || APOLLOS.has(code) || code === 'INTERNAL_SERVER_ERROR'

/** Messages quote what was sent, which may be megabytes. */
const MESSAGE_MAX = 2_000

/**
 * An error as a client may see it. Those with a code of the closed list pass; anything unexpected is logged once, whole, and masked
 * behind an id.
 * @param passErrors whether errors of services are the client's business as they are
 */
export function presentError(
  error: GraphQLFormattedError,
  cause: unknown,
  { log, passErrors }: { readonly log: Logger; readonly passErrors: boolean },
): GraphQLFormattedError {
  // `serviceName`, which Apollo's execution adds, is nobody's business outside.
  const { serviceName, ...extensions } = error.extensions ?? {}
  const code = String(extensions.code)
  const masked = code === 'INTERNAL_SERVER_ERROR' && typeof extensions.errorId === 'string'
  const passed = passErrors && serviceName !== undefined
  if (masked || passed || OURS.has(code) || (serviceName === undefined && APOLLOS.has(code))) {
    const message = error.message.length > MESSAGE_MAX ? `${error.message.slice(0, MESSAGE_MAX)}…` : error.message
    return { ...error, message, extensions }
  }
  const { message, extensions: id } = internalServerError(randomUUID())
  log.error({ err: cause, service: serviceName, path: error.path?.join('.'), errorId: id.errorId }, 'an unexpected error')
  return { message, ...(error.path && { path: error.path }), extensions: id }
}
