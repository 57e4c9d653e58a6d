import { type ApolloServer, HeaderMap } from '@apollo/server'
import { AshlarError, badUserInput } from '@ashlar/kit/errors'
import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.js'
import type { Limits } from '../limits.js'
import { type AskingOptions, askingOf } from './asking.js'
import { cors } from './cors.js'
import { refuseForeignHosts } from './refuse-foreign-hosts.js'

export type Explorer = (request: FastifyRequest, reply: FastifyReply) => unknown

export interface GraphQLRoutesOptions extends AskingOptions {
  readonly apollo: ApolloServer<GatewayContext>
  readonly publicUrl: URL
  readonly limits: Limits
  /** Answers a browser that opens the address. */
  readonly explorer?: Explorer | undefined
}

/** `/graphql`: POST and GET by GraphQL over HTTP, and a page for a browser. */
export const graphqlRoutes =
  (options: GraphQLRoutesOptions): FastifyPluginAsync =>
  async (fastify) => {
    const { apollo, cookie, explorer, limits, publicUrl } = options
    fastify.addHook('onRequest', refuseForeignHosts(publicUrl))
    fastify.addHook('onRequest', cors(options.origins))
    fastify.setErrorHandler(answerBadRequest)
    fastify.route({
      url: '/graphql',
      method: ['GET', 'POST', 'OPTIONS'],
      bodyLimit: limits.bodyBytes,
      async handler(request, reply) {
        if (explorer && wantsPage(request)) return explorer(request, reply)
        const context = await askingOf(request, options)
        const { status, headers, body } = await apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: {
            method: request.method,
            headers: headerMap(request),
            search: new URL(request.url, publicUrl).search,
            body: request.body,
          },
          context: async () => context,
        })
        for (const [name, value] of headers) reply.header(name, value)
        const { refreshCookie } = context.asking.reply
        if (refreshCookie !== undefined && context.asking.request.cookieMode) reply.header('set-cookie', cookie.write(refreshCookie))
        // What a credential opened is nobody else's, whatever stands between.
        reply.header('cache-control', 'private, no-store')
        reply.code(status ?? 200)
        return body.kind === 'complete' ? body.string : reply.send(body.asyncIterator)
      },
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

/** What never got as far as GraphQL: no JSON, too much of it, or a request that is not let in. */
function answerBadRequest(error: FastifyError | AshlarError, _request: FastifyRequest, reply: FastifyReply) {
  const { status, errors } = badRequest(error)
  return reply.code(status).type('application/json; charset=utf-8').send({ errors })
}

function badRequest(error: FastifyError | AshlarError) {
  if (error instanceof AshlarError) return { status: 403, errors: [error.toJSON()] }
  const status = error.statusCode ?? 500
  if (status >= 500) throw error
  const tooLarge = status === 413 || error.message.includes('forbidden prototype property')
  const answer = tooLarge ? badUserInput('body', error.message) : { message: error.message, extensions: { code: 'BAD_REQUEST' } }
  return { status, errors: [answer] }
}
