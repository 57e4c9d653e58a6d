import type { FastifyPluginAsync } from 'fastify'

/** `/livez` touches nothing; `/readyz` means that a supergraph is loaded and no drain has begun. Any host may ask. */
export const healthRoutes =
  (isReady: () => boolean): FastifyPluginAsync =>
  async (fastify) => {
    fastify.get('/livez', async () => ({ status: 'live' }))
    fastify.get('/readyz', async (_request, reply) => {
      const ready = isReady()
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
    })
  }
