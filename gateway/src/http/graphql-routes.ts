import { type ApolloServer, HeaderMap } from '@apollo/server'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { NOT_KEPT } from '../caching/cache-policy.js'
import type { Deferral, GatewayContext } from '../context.js'
import type { Limits } from '../limits.js'
import type { TrustedOperations } from '../rules/trusted-operations.js'
import type { SharedAnswers } from '../sharing/shared-answers.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import type { Transports } from '../transports/transports.js'
import { admitRequest } from './admit.js'
import { type Answer, answerOf, answerShared, mayShare } from './answer-request.js'
import { type AskingOptions, askingOf, type RequestContext } from './asking.js'
import { boundBatch, joinAnswers } from './batch.js'
import { sentAs } from './bytes-of.js'
import { sayHowLong } from './cache-control.js'
import { guardCookieMode } from './cookie-mode.js'
import { cors } from './cors.js'
import { acceptWhole, inParts, mayDefer, type Present, sendParts, takesParts } from './deferred-answers.js'
import { readJsonBodies } from './json-body.js'
import { observedContext, observedRequests } from './observed-requests.js'
import type { Origins } from './origins.js'
import { refuseForeignHosts } from './refuse-foreign-hosts.js'
import { answerFaults } from './request-fault.js'
import { answerRequestId } from './request-id.js'

export type Explorer = (request: FastifyRequest, reply: FastifyReply) => unknown

export interface GraphQLRoutesOptions extends AskingOptions {
  readonly apollo: ApolloServer<GatewayContext>
  readonly origins: Origins
  readonly publicUrl: URL
  readonly limits: Limits
  readonly shared: SharedAnswers
  /** The list of operations that may run; null where any may. */
  readonly trusted: TrustedOperations | null
  /** The graph's version: another for each that came into force. */
  readonly version: () => number
  readonly telemetry: Telemetry
  /** An error as clients may see it. */
  readonly present: Present
  /** Answers whoever wants an answer that goes on. */
  readonly transports?: Transports | undefined
  /** Answers a browser that opens the address. */
  readonly explorer?: Explorer | undefined
}

/** An answer, and for whom it was made; null where nobody has asked yet who that is. */
interface Answered {
  readonly answer: Answer
  readonly context: RequestContext | null
}

/** `/graphql`: POST and GET by GraphQL over HTTP, streams, and a page for a browser. */
export const graphqlRoutes =
  (options: GraphQLRoutesOptions): FastifyPluginAsync =>
  async (fastify) => {
    const { apollo, cookieOf, explorer, limits, log, origins, publicUrl, shared, telemetry, transports } = options
    fastify.addHook('onRequest', answerRequestId)
    fastify.addHook('onRequest', refuseForeignHosts(publicUrl))
    fastify.addHook('onRequest', cors(origins, log))
    fastify.addHook('onRequest', guardCookieMode(origins))
    fastify.setErrorHandler(answerFaults(log))
    readJsonBodies(fastify, limits.nesting)
    transports?.attach(fastify)
    const requests = observedRequests(fastify, telemetry)

    fastify.all('/graphql', { bodyLimit: limits.bodyBytes }, async (request, reply) => {
      if (explorer && wantsPage(request)) return explorer(request, reply)
      if (await transports?.take(request, reply)) return reply
      const { method, body } = request
      const answered =
        method === 'POST' && Array.isArray(body) ? await answerBatch(request, reply, body) : await answerOne(request, reply, body)
      return send(answered, request, reply)
    })

    async function answerOne(request: FastifyRequest, reply: FastifyReply, body: unknown, isAlone = true): Promise<Answered> {
      const { method, headers } = request
      const { search, searchParams } = queryOf(request, publicUrl)
      const given = { method, body, searchParams }
      const admitted = admitRequest(options.trusted, given)
      const parts = 'refusal' in admitted ? given : admitted
      const observed = requests.begin(request, reply)
      let context: RequestContext | null = null
      const defers = isAlone && takesParts(headers.accept) && mayDefer(parts.body)
      const deferral: Deferral | null = defers ? { rest: null, stop: () => {} } : null
      const contextOf = async () => ({
        ...observedContext(await askingOf(request, options), observed, request),
        ...(deferral && { deferral }),
      })
      const run = () =>
        apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: {
            method,
            headers: headerMap(request),
            search: parts.searchParams === searchParams ? search : `?${parts.searchParams}`,
            body: parts.body,
          },
          // Asked for when it is clear that no other site's form has sent this.
          context: async () => {
            if ('refusal' in admitted) throw admitted.refusal
            context ??= await contextOf()
            return context
          },
        })
      const answer = async (): Promise<Answer> => {
        const asked = 'refusal' in admitted || deferral ? null : shared.asked({ ...parts, headers })
        // No other site's form can send what may be shared, so that it may be asked at once who this is.
        if (asked) context = await contextOf()
        if (asked && context && mayShare(context)) return answerShared(shared, { asked, context, version: options.version() }, run)
        const response = await run()
        const whole = answerOf(response, (context as RequestContext | null)?.facts ?? { policy: NOT_KEPT })
        return deferral ? inParts(whole, deferral, options.present) : whole
      }
      const done = () => {
        requests.answered(request, reply, observed)
        ;(context as RequestContext | null)?.facts.made()
      }
      return { answer: await answer().finally(done), context }
    }

    /** Each operation by itself, and as if it had come alone, but whole. @throws TOO_COMPLEX */
    async function answerBatch(request: FastifyRequest, reply: FastifyReply, bodies: readonly unknown[]): Promise<Answered> {
      boundBatch(bodies, limits.batch)
      const answered = await Promise.all(bodies.map((body) => answerOne(request, reply, body, false)))
      const contexts = answered.map(({ context }) => context)
      return {
        answer: joinAnswers(answered.map(({ answer }) => answer)),
        context: contexts.findLast((context) => context?.asking.reply.refreshCookie !== undefined) ?? contexts[0] ?? null,
      }
    }

    function send({ answer, context }: Answered, request: FastifyRequest, reply: FastifyReply) {
      const { status, headers, body, policy, ageSeconds } = answer
      for (const [name, value] of headers) reply.header(name, value)
      const asking = context?.asking
      const refreshCookie = asking?.reply.refreshCookie
      if (asking?.request.cookieMode && refreshCookie !== undefined) {
        const cookie = cookieOf(asking.request.origin)
        reply.header('set-cookie', refreshCookie ? cookie.serialize(refreshCookie.value, refreshCookie.expiresAt) : cookie.clear())
      }
      sayHowLong(reply, { policy, ageSeconds, hasCredential: hasCredential(request, context), forwardedHeaders: options.forwardedHeaders })
      reply.code(status)
      if (typeof body === 'string') return sentAs(body)
      if (Buffer.isBuffer(body)) return body
      return sendParts(reply, body, () => context?.deferral?.stop())
    }
  }

/** Whatever it is, and whether or not anybody has looked at it. */
const hasCredential = ({ headers }: FastifyRequest, context: RequestContext | null): boolean =>
  headers.authorization !== undefined || !context || context.refused !== null || context.asking.identity !== null

const wantsPage = ({ method, headers: { accept = '' } }: FastifyRequest): boolean =>
  method === 'GET' && accept.includes('text/html') && !accept.includes('json')

/** Of an address without one nothing has to be read. */
const queryOf = ({ url }: FastifyRequest, publicUrl: URL): Pick<URL, 'search' | 'searchParams'> =>
  url.includes('?') ? new URL(url, publicUrl) : { search: '', searchParams: new URLSearchParams() }

function headerMap({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value)
  // Apollo's own answers are in one.
  if (takesParts(headers.accept)) map.set('accept', acceptWhole(headers.accept))
  return map
}
