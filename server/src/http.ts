import { createServer } from 'node:net'
import { refuseForeignHosts } from '@ashlar/gateway/http/refuse-foreign-hosts'
import type { Settings } from '@ashlar/kit/config'
import { StartError } from '@ashlar/kit/process-life'
import { type FastifyInstance, type FastifyPluginAsync, fastify } from 'fastify'

/** From the first byte of a request to its last; a body of 4 MB takes less on any line that is of use. */
const REQUEST_MS = 30_000
const IDLE_CONNECTION_MS = 75_000
const PARAMETER_MAX = 300

export interface Doors {
  /** Of the gateway: `/graphql` and what tells of its health. */
  readonly gateway: FastifyPluginAsync
  /** Of the services: pages, and files for machines. Behind the check of the host. */
  readonly pages: readonly FastifyPluginAsync[]
  /** Between processes, and for whoever runs it: any host may ask. */
  readonly internal?: readonly FastifyPluginAsync[]
}

/** The one origin that serves it all. */
export async function createHttpServer(
  { trustedProxies, publicUrl }: Settings,
  { gateway, pages, internal = [] }: Doors,
): Promise<FastifyInstance> {
  const server = fastify({
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    routerOptions: { maxParamLength: PARAMETER_MAX },
    // Connections that carry nothing now are closed with the server; those that do finish first.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  })
  server.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('x-content-type-options')) reply.header('x-content-type-options', 'nosniff')
  })
  await server.register(gateway)
  for (const routes of internal) await server.register(routes)
  await server.register(async (behindHost) => {
    behindHost.addHook('onRequest', refuseForeignHosts(publicUrl))
    // The console takes this place.
    behindHost.get('/', async (_request, reply) => reply.redirect('/graphql'))
    for (const routes of pages) await behindHost.register(routes)
  })
  return server
}

/** Sees that the address is free before anything else is touched. @throws Error in words for people */
export async function checkAddress({ host, port }: Pick<Settings, 'host' | 'port'>): Promise<void> {
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => probe.once('error', reject).listen({ host, port, exclusive: true }, resolve))
  } catch (error) {
    throw addressError(error, { host, port })
  } finally {
    await new Promise<void>((resolve) => probe.close(() => resolve()))
  }
}

/** Why an address can't be listened on; the same error where the reason is another. */
export function addressError(error: unknown, { host, port }: Pick<Settings, 'host' | 'port'>): Error {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${port} on ${host} is in use, perhaps by another Ashlar. Stop that program, or set PORT to another number.`,
      )
    case 'EACCES':
      return new StartError(`This user may not listen on port ${port}. Set PORT to a number above 1023.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(`HOST (${host}) is no address of this machine.`)
    default:
      return error as Error
  }
}

/** Listens as the configuration says. Closes the server again where it can't. @throws StartError */
export async function listen(http: FastifyInstance, address: Pick<Settings, 'host' | 'port'>): Promise<string> {
  try {
    await http.listen({ host: address.host, port: address.port })
    return addressOf(http)
  } catch (error) {
    await http.close()
    throw addressError(error, address)
  }
}

function addressOf(http: FastifyInstance): string {
  const address = http.server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}
