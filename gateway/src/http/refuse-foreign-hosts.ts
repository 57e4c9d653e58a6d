import { isLoopback } from '@ashlar/kit/config'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A name or an address, and a port: with less than that, a URL's parser would read a user or a path out of it. */
const HOST = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i

/** A hook for the public paths: a `Host` that is neither the public address nor a loopback name is 421, against DNS rebinding. */
export const refuseForeignHosts = (publicUrl: URL) => {
  // Nearly all say the same.
  let servedLast: string | null = null
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const given = request.headers.host ?? ''
    if (given === servedLast) return
    const address = `${publicUrl.protocol}//${given}`
    const { host, hostname } = HOST.test(given) && URL.canParse(address) ? new URL(address) : { host: '', hostname: '' }
    if (host === publicUrl.host || isLoopback(hostname)) {
      servedLast = given
      return
    }
    return reply.code(421).type('text/plain; charset=utf-8').send('This host is not served here.\n')
  }
}
