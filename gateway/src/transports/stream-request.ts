import type { FastifyRequest } from 'fastify'
import { GraphQLError, getOperationAST, type OperationTypeNode, parse } from 'graphql'
import { RequestFault } from '../http/request-fault.js'
import type { Limits } from '../limits.js'
import { checkNesting } from '../nesting.js'
import type { StreamRequest } from '../streams/stream.js'

/** Reads what a request asks, by GraphQL over HTTP. @throws RequestFault */
export function readStreamRequest({ method, body, url }: FastifyRequest): StreamRequest {
  if (method === 'GET') return checked(Object.fromEntries([...new URL(url, 'http://gateway').searchParams].map(readParameter)))
  if (!isObject(body)) throw new RequestFault(400, 'The body is an object of JSON.')
  return checked(body)
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function readParameter([name, value]: [string, string]): [string, unknown] {
  if (name !== 'variables' && name !== 'extensions') return [name, value]
  try {
    return [name, JSON.parse(value)]
  } catch {
    throw new RequestFault(400, `"${name}" is JSON.`)
  }
}

function checked({ query, operationName, variables, extensions }: Record<string, unknown>): StreamRequest {
  for (const [name, value] of Object.entries({ query, operationName }))
    if (value != null && typeof value !== 'string') throw new RequestFault(400, `"${name}" is a string.`)
  for (const [name, value] of Object.entries({ variables, extensions }))
    if (value != null && !isObject(value)) throw new RequestFault(400, `"${name}" is an object.`)
  return {
    query: (query as string | undefined) || null,
    operationName: (operationName as string | undefined) ?? null,
    variables: (variables as Record<string, unknown> | undefined) ?? {},
    extensions: (extensions as Record<string, unknown> | undefined) ?? {},
  }
}

/** What an operation is, where its text is there and tells: whoever carries it out says what is wrong with it. */
export function kindOf({ query, operationName }: StreamRequest, limits: Limits): OperationTypeNode | null {
  if (query === null) return null
  try {
    checkNesting(query, limits)
    return getOperationAST(parse(query, { noLocation: true, maxTokens: limits.tokens }), operationName)?.operation ?? null
  } catch (error) {
    if (error instanceof GraphQLError) return null
    throw error
  }
}
