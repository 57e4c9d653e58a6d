import { HeaderMap } from '@apollo/server'
import type { AshlarError, ErrorCode } from '@ashlar/kit/errors'
import { GraphQLError } from 'graphql'

const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  SUBGRAPH_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
}
const BAD_REQUEST = 400

/** The HTTP status of a request that fails as a whole. */
export const statusOf = ({ code }: AshlarError): number => STATUS[code] ?? BAD_REQUEST

/** The headers (RFC 6750, RFC 9110) of a request that fails as a whole. */
export function headersOf(error: AshlarError): HeaderMap {
  const headers = new HeaderMap()
  if (error.code === 'UNAUTHENTICATED') headers.set('www-authenticate', 'Bearer error="invalid_token"')
  const { retryAfterSeconds } = error.extensions
  if (typeof retryAfterSeconds === 'number') headers.set('retry-after', String(Math.ceil(retryAfterSeconds)))
  return headers
}

/** An error that fails a request as a whole, with the HTTP status and headers that its code means. */
export function requestError(error: AshlarError): GraphQLError {
  return new GraphQLError(error.message, {
    extensions: { ...error.extensions, http: { status: statusOf(error), headers: headersOf(error) } },
    originalError: error,
  })
}
