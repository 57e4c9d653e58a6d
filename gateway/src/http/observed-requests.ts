import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.js'
import { FetchReport } from '../telemetry/fetch-report.js'
import type { ObservedOperation } from '../telemetry/observed-operation.js'
import type { Outcome, Telemetry } from '../telemetry/telemetry.js'
import { requestIdOf } from './request-id.js'

/** Who may see how an operation was carried out. */
const REPORT_SCOPE = 'services:read'
/** Of a client that left before its answer was sent, as nginx calls it. */
const GONE: Outcome = { status: 499, bytes: 0 }

interface Answered {
  readonly operation: ObservedOperation
  readonly ms: number
}

/** Kept with the request itself: what stands in a weak map lives on until the old generation is looked through. */
const ANSWERED = Symbol('answered operations')

interface Observed {
  [ANSWERED]?: Answered[]
}

/** Plain requests as they are observed: each from when its body is there until its answer is sent. */
export function observedRequests(fastify: FastifyInstance, telemetry: Telemetry) {
  function tell(request: Observed, { status, bytes }: Outcome): void {
    const all = request[ANSWERED] ?? []
    request[ANSWERED] = []
    // Of what came as one, each has its part.
    for (const { operation, ms } of all) telemetry.sent(operation, ms, { status, bytes: Math.round(bytes / all.length) })
  }
  fastify.addHook('onResponse', async (request: FastifyRequest & Observed, reply) =>
    tell(request, { status: reply.statusCode, bytes: Number(reply.getHeader('content-length') ?? 0) }),
  )

  return {
    begin(request: FastifyRequest & Observed, { raw }: FastifyReply): ObservedOperation {
      const { traceparent } = request.headers
      if (!request[ANSWERED]) {
        request[ANSWERED] = []
        // Fastify tells of no answer whose client has left.
        raw.once('close', () => {
          if (!raw.writableFinished) tell(request, GONE)
        })
      }
      return telemetry.begin({
        requestId: requestIdOf(request),
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
        name: `${request.method} /graphql`,
      })
    },
    /** Once the answer is there, or it is clear that there will be none. */
    answered(request: FastifyRequest & Observed, { raw }: FastifyReply, operation: ObservedOperation): void {
      request[ANSWERED]?.push({ operation, ms: telemetry.answered(operation) })
      if (raw.destroyed) tell(request, GONE)
    },
  }
}

/** What goes through the life of an operation that is observed. With `Ashlar-Trace: 1` its answer tells how it came about, to whom that is open. */
export function observedContext<Context extends GatewayContext>(
  context: Context,
  observed: ObservedOperation,
  { headers }: FastifyRequest,
): Context {
  if (headers['ashlar-trace'] === '1' && context.asking.identity?.scopes.includes(REPORT_SCOPE)) observed.report = new FetchReport()
  const { trace } = observed
  return { ...context, observed, ...(trace && { asking: { ...context.asking, trace } }) }
}
