import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { CONTENT_SECURITY_POLICY, explorerPage, type Instance } from './explorer-page.js'

/** Answers a browser that opens `/graphql`; what it loads is served by `explorerRoutes`. */
export function explorer(instance: Instance): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const page = explorerPage(instance)
  const etag = `"${createHash('sha256').update(page).digest('base64url').slice(0, 27)}"`
  return (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      // The address answers clients too, and after an update names other assets.
      'cache-control': 'no-cache',
      etag,
    })
    // Beside Origin, which has been named already where the door knows CORS.
    reply.header('vary', [reply.getHeader('vary'), 'Accept'].filter(Boolean).join(', '))
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.type('text/html; charset=utf-8').send(page)
  }
}
