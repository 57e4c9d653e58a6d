import type { FastifyError, FastifyInstance } from 'fastify'
import { documentOf } from './document.js'
import type { House } from './house.js'
import { problemOf } from './problem.js'
import { problemPage } from './problem-pages.js'

const BODY_BYTES_MAX = 64 * 1_024

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** Forms, and nothing else, up to what the longest of ours can be. */
export function readForms(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  )
}

/** On each answer, also on those that are no page. */
export function setHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS)
  })
}

/** What never got as far as a page: too long, or no form. */
export function refuseBadRequests(fastify: FastifyInstance, { config, log }: House): void {
  fastify.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500
    const problem = status < 500 ? { ...BAD_REQUEST, status } : problemOf(error, log)
    return reply
      .code(problem.status)
      .type('text/html; charset=utf-8')
      .send(documentOf(problemPage(problem), config.publicUrl.host))
  })
}

const BAD_REQUEST = { code: 'BAD_USER_INPUT', words: 'This is not what our forms send.', fields: {}, retryAfterSeconds: null }
