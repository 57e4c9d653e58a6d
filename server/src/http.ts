import type { Gateway } from '@ashlar/gateway/gateway'
import { refuseForeignHosts } from '@ashlar/gateway/http/refuse-foreign-hosts'
import { serverTimes } from '@ashlar/gateway/http/server-times'
import { defaultLimits } from '@ashlar/gateway/limits'
import type { Settings } from '@ashlar/kit/config'
import { closeAfterAnswers } from '@ashlar/kit/stop-server'
import { type FastifyInstance, type FastifyPluginAsync, fastify } from 'fastify'

const PARAMETER_MAX = 300

export interface Doors {
  /** Of the gateway: `/graphql` and what tells of its health. */
  readonly gateway: Pick<Gateway, 'routes' | 'isReady'>
  /** Of the services: pages, and files for machines. Behind the check of the host. */
  readonly pages: readonly FastifyPluginAsync[]
  /** Between processes, and for whoever runs it: any host may ask. */
  readonly internal?: readonly FastifyPluginAsync[]
}

/** The one origin that serves it all. */
export async function createHttpServer(
  { trustedProxies, publicUrl, limits }: Settings,
  { gateway, pages, internal = [] }: Doors,
): Promise<FastifyInstance> {
  const server = fastify({
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    ...serverTimes({ ...defaultLimits, ...limits }),
    routerOptions: { maxParamLength: PARAMETER_MAX },
    // Connections that carry nothing now are closed with the server; those that do finish first.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  })
  closeAfterAnswers(server, () => !gateway.isReady)
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('x-content-type-options')) reply.header('x-content-type-options', 'nosniff')
  })
  await server.register(gateway.routes)
  for (const routes of internal) await server.register(routes)
  await server.register(async (behindHost) => {
    behindHost.addHook('onRequest', refuseForeignHosts(publicUrl))
    // The console takes this place.
    behindHost.get('/', async (_request, reply) => reply.redirect('/graphql'))
    for (const routes of pages) await behindHost.register(routes)
  })
  return server
}
