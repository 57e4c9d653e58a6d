import { AshlarError, badUserInput } from '@ashlar/kit/errors'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLFormattedError } from 'graphql'

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

/** Answers it in the form of GraphQL all the same, so that a client has one form to read. What is unexpected goes on to Fastify. */
export function answerFault(error: FastifyError | RequestFault | AshlarError, _request: FastifyRequest, reply: FastifyReply) {
  const { status, answer } = faultOf(error)
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send({ errors: [answer] })
}

function faultOf(error: FastifyError | RequestFault | AshlarError): { status: number; answer: GraphQLFormattedError } {
  if (error instanceof AshlarError) return { status: 403, answer: error.toJSON() }
  const status = error.statusCode ?? 500
  if (status >= 500) throw error
  const bound = status === 413 || error.code === 'BAD_USER_INPUT'
  return {
    status,
    answer: bound ? badUserInput('body', error.message).toJSON() : { message: error.message, extensions: { code: 'BAD_REQUEST' } },
  }
}
