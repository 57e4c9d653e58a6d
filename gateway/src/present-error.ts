import { randomUUID } from 'node:crypto'
import { internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { GraphQLFormattedError } from 'graphql'

/**
 * An error as a client may see it. Those with a code of their own pass; anything unexpected is logged once, whole, and masked
 * behind an id.
 */
export function presentError(error: GraphQLFormattedError, cause: unknown, log: Logger): GraphQLFormattedError {
  // `serviceName`, which Apollo's execution adds, is nobody's business outside.
  const { serviceName: _, ...extensions } = error.extensions ?? {}
  if (extensions.code && (extensions.code !== 'INTERNAL_SERVER_ERROR' || extensions.errorId)) return { ...error, extensions }
  const masked = internalServerError(randomUUID())
  log.error({ err: cause, path: error.path?.join('.'), errorId: masked.extensions.errorId }, 'an unexpected error')
  return { message: masked.message, ...(error.path && { path: error.path }), extensions: masked.extensions }
}
