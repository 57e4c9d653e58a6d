import type { FastifyPluginAsync } from 'fastify'

const CACHE_SECONDS = 300

/** `/.well-known/jwks.json`: the keys by which others verify our access tokens (RFC 7517). */
export const jwksRoutes =
  (jwks: () => Promise<object>): FastifyPluginAsync =>
  async (fastify) => {
    fastify.get('/.well-known/jwks.json', async (_request, reply) =>
      reply
        .header('access-control-allow-origin', '*')
        .header('cache-control', `public, max-age=${CACHE_SECONDS}`)
        .send(await jwks()),
    )
  }
