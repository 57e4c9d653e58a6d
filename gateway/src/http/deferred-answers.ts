import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { GraphQLError, GraphQLFormattedError } from 'graphql'
import { NOT_KEPT } from '../caching/cache-policy.js'
import type { Deferral } from '../context.js'
import type { Parts } from '../execution/defer/compiled-deferral.js'
import { multipart } from '../transports/multipart.js'
import type { Answer } from './answer-request.js'

/** Incremental delivery as of 2022-08-24, which Apollo Client and Apollo Router speak. */
const PARTS = multipart('-', 'deferSpec=20220824')
const MULTIPART = /^\s*multipart\/mixed\s*(;|$)/i
const SPEC = /;\s*deferspec\s*=\s*"?20220824"?/i

export type Present = (error: GraphQLError) => GraphQLFormattedError

/** Whether a client takes an answer in parts, by its `Accept`. */
export const takesParts = (accept = ''): boolean => accept.split(',').some((range) => MULTIPART.test(range) && SPEC.test(range))

/** The same without that, for an answer in one. */
export const acceptWhole = (accept = ''): string =>
  accept
    .split(',')
    .filter((range) => !MULTIPART.test(range))
    .join(',') || 'application/json'

/** Whether a request may be one for an answer in parts: of what is known by its hash that can't be seen. */
export const mayDefer = (body: unknown): boolean => {
  const query: unknown = typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined
  return typeof query !== 'string' || query.includes('@defer')
}

/** The answer in parts, of which the first is there; the answer itself where nothing comes later. */
export function inParts(answer: Answer, { rest }: Deferral, present: Present): Answer {
  if (!rest || (typeof answer.body !== 'string' && !Buffer.isBuffer(answer.body))) return answer
  const first = answer.body.toString().trimEnd()
  return {
    ...answer,
    headers: [...[...answer.headers].filter(([name]) => !/^content-(type|length)$/i.test(name)), ['content-type', PARTS.contentType]],
    body: written(first, rest, present),
    policy: NOT_KEPT,
  }
}

/** Sends parts as they come; once the client has gone away nothing more is asked for. */
export function sendParts(reply: FastifyReply, body: AsyncIterable<string>, stop: () => void): FastifyReply {
  // Of what is closed already nothing more is heard.
  if (reply.raw.destroyed) stop()
  else reply.raw.once('close', stop)
  return reply.send(Readable.from(body, { objectMode: false }))
}

async function* written(first: string, rest: AsyncIterable<Parts>, present: Present): AsyncGenerator<string> {
  yield `${PARTS.opening}${PARTS.part(`${first.slice(0, -1)},"hasNext":true}`)}`
  for await (const { incremental, hasNext } of rest) {
    const parts = incremental.map(({ errors, ...part }) => ({ ...part, ...(errors && { errors: errors.map(present) }) }))
    yield PARTS.part(JSON.stringify({ ...(parts.length > 0 && { incremental: parts }), hasNext })) + (hasNext ? '' : PARTS.closing)
  }
}
