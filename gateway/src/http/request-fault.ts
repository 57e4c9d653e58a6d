import { randomUUID } from 'node:crypto'
import { AshlarError, badUserInput, internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLFormattedError } from 'graphql'
import { headersOf, statusOf } from '../request-error.js'
import { NO_STORE } from './cache-control.js'

/** A request that never gets as far as GraphQL. */
export class RequestFault extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
    readonly code: 'BAD_REQUEST' | 'BAD_USER_INPUT' = 'BAD_REQUEST',
  ) {
    super(message)
    this.name = 'RequestFault'
  }
}

type Fault = FastifyError | RequestFault | AshlarError

/** Answers a fault in the form of GraphQL all the same, so that a client has one form to read; what is unexpected is masked. */
export const answerFaults = (log: Logger) => (error: Fault, _request: FastifyRequest, reply: FastifyReply) => {
  const { status, answer } = faultOf(error, log)
  if (error instanceof AshlarError) for (const [name, value] of headersOf(error)) if (!reply.hasHeader(name)) reply.header(name, value)
  return reply
    .code(status)
    .header('cache-control', NO_STORE)
    .type('application/json; charset=utf-8')
    .send({ errors: [answer] })
}

function faultOf(error: Fault, log: Logger): { status: number; answer: GraphQLFormattedError } {
  if (error instanceof AshlarError) return { status: statusOf(error), answer: error.toJSON() }
  const { statusCode: status = 500, code, message } = error
  if (status >= 500) {
    const masked = internalServerError(randomUUID())
    log.error({ err: error, errorId: masked.extensions.errorId }, 'an unexpected error')
    return { status: 500, answer: masked.toJSON() }
  }
  // What is too much is over a bound of the contract, as anything else that can't be.
  const bound = status === 413 || code === 'BAD_USER_INPUT'
  return { status, answer: bound ? badUserInput('body', message).toJSON() : { message, extensions: { code: 'BAD_REQUEST' } } }
}
