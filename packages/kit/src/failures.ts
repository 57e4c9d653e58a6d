import { randomUUID } from 'node:crypto'
import { GraphQLError, type GraphQLErrorExtensions, type GraphQLFormattedError } from 'graphql'
import { type AshlarError, internalServerError, meantError, subgraphUnavailable } from './errors.js'
import type { Logger } from './log.js'

/** PostgreSQL's classes and Node's codes for "the database can't be asked now"; after the second kind a write may have happened. */
const NOT_CONNECTED = new Set(['ECONNREFUSED', 'ENOENT', 'EHOSTUNREACH', '08001', '57P03', '53300', 'P1001', 'P1002', 'P2024'])
const CONNECTION_LOST = new Set(['ECONNRESET', 'EPIPE', '57P01', '57P02', '08006', '08003', '08000', 'P1017', '57014', '25P04'])
const LOST_WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Can't reach database server|Server has closed the connection/

/**
 * What a caller gets to see of an error: the meant one as it is, a database that can't be reached as SUBGRAPH_UNAVAILABLE,
 * and anything unexpected masked behind an id that is logged once with the whole.
 */
export function presentError(error: GraphQLError, context: { log: Logger; service: string; writing: boolean }): GraphQLFormattedError {
  const { message, extensions } = present(error, context)
  return {
    message,
    ...(error.locations && { locations: error.locations }),
    ...(error.path && { path: error.path }),
    extensions,
  }
}

/** An error without its place in an operation. */
export interface Presented {
  readonly message: string
  readonly extensions: GraphQLErrorExtensions
}

/** The same for what is no part of an operation, such as a page of a service's own. */
export const presentFailure = (error: unknown, context: { log: Logger; service: string; writing: boolean }): Presented =>
  present(error instanceof GraphQLError ? error : new GraphQLError('', { originalError: error as Error }), context)

function present(error: GraphQLError, context: { log: Logger; service: string; writing: boolean }): Presented {
  const meant = meantError(error)
  if (meant) return meant
  const cause = rootCause(error)
  if (cause instanceof GraphQLError) return { message: cause.message, extensions: { code: 'BAD_USER_INPUT', ...cause.extensions } }
  const failure = databaseFailure(cause, context.writing)
  if (failure) {
    context.log.warn({ err: cause, service: context.service }, 'the database did not answer')
    return failure
  }
  const errorId = randomUUID()
  context.log.error({ err: cause, service: context.service, path: error.path?.join('.'), errorId }, 'an unexpected error')
  return internalServerError(errorId)
}

function rootCause(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError
  return cause
}

/** Whether it failed for the database's being away: worth another attempt, where nothing is written. */
export const isDatabaseAway = (error: unknown): boolean => databaseFailure(rootCause(error), false) !== null

function databaseFailure(error: unknown, writing: boolean): AshlarError | null {
  const depths = 5
  for (let cause = error, depth = 0; cause instanceof Error && depth < depths; cause = cause.cause, depth += 1) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (NOT_CONNECTED.has(code)) return subgraphUnavailable({ retryAfterSeconds: 5 })
    if (CONNECTION_LOST.has(code) || LOST_WORDS.test(cause.message)) {
      return subgraphUnavailable({ retryAfterSeconds: 5, ...(writing && { outcome: 'UNKNOWN' }) })
    }
  }
  return null
}
