import { type ApolloServer, HeaderMap } from '@apollo/server'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.js'
import type { Limits } from '../limits.js'
import { type AskingOptions, askingOf } from './asking.js'
import { guardCookieMode } from './cookie-mode.js'
import { cors } from './cors.js'
import { readJsonBodies } from './json-body.js'
import type { Origins } from './origins.js'
import { refuseForeignHosts } from './refuse-foreign-hosts.js'
import { answerFaults } from './request-fault.js'

export type Explorer = (request: FastifyRequest, reply: FastifyReply) => unknown

export interface GraphQLRoutesOptions extends AskingOptions {
  readonly apollo: ApolloServer<GatewayContext>
  readonly origins: Origins
  readonly publicUrl: URL
  readonly limits: Limits
  /** Answers a browser that opens the address. */
  readonly explorer?: Explorer | undefined
}

/** `/graphql`: POST and GET by GraphQL over HTTP, and a page for a browser. */
export const graphqlRoutes =
  (options: GraphQLRoutesOptions): FastifyPluginAsync =>
  async (fastify) => {
    const { apollo, cookieOf, explorer, limits, log, origins, publicUrl } = options
    fastify.addHook('onRequest', refuseForeignHosts(publicUrl))
    fastify.addHook('onRequest', cors(origins, log))
    fastify.addHook('onRequest', guardCookieMode(origins))
    fastify.setErrorHandler(answerFaults(log))
    readJsonBodies(fastify, limits.nesting)

    fastify.all('/graphql', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
      if (explorer && wantsPage(request)) return explorer(request, reply)
      const { search } = new URL(request.url, publicUrl)
      let asking: GatewayContext['asking'] | undefined
      const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { method: request.method, headers: headerMap(request), search, body: request.body },
        // Asked for when it is clear that no other site's form has sent this.
        context: async () => {
          const context = await askingOf(request, options)
          asking = context.asking
          return context
        },
      })
      for (const [name, value] of headers) reply.header(name, value)
      const refreshCookie = asking?.reply.refreshCookie
      if (asking?.request.cookieMode && refreshCookie !== undefined) {
        const cookie = cookieOf(asking.request.origin)
        reply.header('set-cookie', refreshCookie ? cookie.serialize(refreshCookie.value, refreshCookie.expiresAt) : cookie.clear())
      }
      // What a credential opened is nobody else's, whatever stands between.
      reply.header('cache-control', 'private, no-store')
      reply.code(status ?? 200)
      return body.kind === 'complete' ? body.string : reply.send(body.asyncIterator)
    })
  }

const wantsPage = ({ method, headers: { accept = '' } }: FastifyRequest): boolean =>
  method === 'GET' && accept.includes('text/html') && !accept.includes('json')

function headerMap({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value)
  return map
}
