import { createReadStream, readdirSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FastifyPluginAsync, FastifyReply } from 'fastify'
import { ASSETS } from './built-pages.js'

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
}

/** Best first. */
const CODINGS = [
  { coding: 'br', extension: '.br' },
  { coding: 'gzip', extension: '.gz' },
] as const

/**
 * `/graphql/assets/…`: what the explorer's page loads. Only what was built is there, by its exact name; a name stands for its
 * content, so that it is kept for good.
 */
export const explorerRoutes: FastifyPluginAsync = async (fastify) => {
  const sizes = new Map(readdirSync(ASSETS).map((name) => [name, statSync(join(ASSETS, name)).size]))

  fastify.get<{ Params: { name: string } }>('/graphql/assets/:name', (request, reply) => {
    const { name } = request.params
    const type = TYPES[extname(name)]
    if (!type || !sizes.has(name)) return reply.callNotFound()
    reply.headers({
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
    })
    const accepted = request.headers['accept-encoding'] ?? ''
    const coded = CODINGS.find(({ coding, extension }) => sizes.has(name + extension) && accepts(accepted, coding))
    if (!coded) return sendFile(reply, name)
    return sendFile(reply.header('content-encoding', coded.coding), name + coded.extension)
  })

  function sendFile(reply: FastifyReply, name: string) {
    return reply.header('content-length', sizes.get(name)).send(createReadStream(join(ASSETS, name)))
  }
}

/** Whether an `Accept-Encoding` names a coding and does not refuse it with `q=0`. */
const accepts = (header: string, coding: string): boolean =>
  header.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
    return name === coding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
  })
