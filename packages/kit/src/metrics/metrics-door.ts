import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { unauthenticated } from '../errors.js'
import type { Metrics } from '../metrics.js'

/** `/metrics` for whoever bears METRICS_TOKEN, from any host; where there is none, no such path. */
export const metricsDoor =
  (metrics: Metrics, token: string | null): FastifyPluginAsync =>
  async (fastify) => {
    if (token === null) return
    const expected = digest(token)
    fastify.get('/metrics', async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const [, given = ''] = request.headers.authorization?.match(/^Bearer +([^ ]+)$/i) ?? []
      // Of the digests, which are equally long: how long it takes tells nothing of the token.
      if (!timingSafeEqual(digest(given), expected))
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .send({ errors: [unauthenticated({ message: 'Only who bears METRICS_TOKEN may read this.' }).toJSON()] })
      return reply.type(metrics.contentType).send(await metrics.text())
    })
  }

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
