import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLoopback } from './origins.js'

/** A hook for the public paths: a `Host` that is neither the public address nor a loopback name is 421, against DNS rebinding. */
export const refuseForeignHosts = (publicUrl: URL) => async (request: FastifyRequest, reply: FastifyReply) => {
  const { host } = request.headers
  if (host === publicUrl.host || isLoopback(hostnameOf(host ?? ''))) return
  return reply.code(421).type('text/plain; charset=utf-8').send('This host is not served here.\n')
}

const hostnameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase()
