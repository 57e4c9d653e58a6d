import { isLoopback } from '@ashlar/kit/config'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A hook for the public paths: a `Host` that is neither the public address nor a loopback name is 421, against DNS rebinding. */
export const refuseForeignHosts = (publicUrl: URL) => async (request: FastifyRequest, reply: FastifyReply) => {
  const address = `${publicUrl.protocol}//${request.headers.host ?? ''}`
  const { host, hostname } = URL.canParse(address) ? new URL(address) : { host: '', hostname: '' }
  if (host === publicUrl.host || isLoopback(hostname)) return
  return reply.code(421).type('text/plain; charset=utf-8').send('This host is not served here.\n')
}
