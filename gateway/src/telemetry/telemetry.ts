import type { Asking } from '@ashlar/kit/caller'
import type { Logger } from '@ashlar/kit/log'
import type { Measures } from '@ashlar/kit/metrics'
import type { Tracing } from '@ashlar/kit/tracing/trace'
import type { GraphQLFormattedError } from 'graphql'
import type { Source } from '../data-sources/source.js'
import { codeLabel } from './known-codes.js'
import { GatewayMeasures } from './measures.js'
import { ObservedOperation } from './observed-operation.js'
import { observedSource } from './observed-source.js'
import { NAME_CHARS_MAX } from './operation-names.js'
import { Tally } from './tally.js'

/** Where what a gateway does is told of; null is nowhere. */
export interface TelemetryOptions {
  readonly log: Logger
  /** Where measurements are read; the gateway has its own. */
  readonly measures?: Measures | null
  readonly tracing?: Tracing | null
}

/** How an operation came, and what it came to. */
export interface Outcome {
  /** As HTTP would say it. */
  readonly status: number
  readonly bytes: number
}

interface Answered {
  readonly errors?: readonly Pick<GraphQLFormattedError, 'extensions'>[]
}

export interface Arrival {
  readonly requestId: string
  /** As the client sent it, whatever it may be. */
  readonly traceparent?: string | undefined
  /** How its span is called until it is known what it is. */
  readonly name: string
}

/** From here on a line says that it was slow. */
const SLOW_MS = 2_000
const OURS = new Set(['INTERNAL_SERVER_ERROR', 'SUBGRAPH_UNAVAILABLE', 'OTHER'])
const REFUSED = 'refused'

/** What one gateway tells of what it does: spans, measurements, and a line for each operation. */
export class Telemetry {
  readonly tally = new Tally()
  readonly measures: GatewayMeasures | null
  private readonly sources = new WeakMap<Source, Map<string, Source>>()
  private readonly log: Logger
  private readonly tracing: Tracing | null

  constructor({ log, measures, tracing }: TelemetryOptions) {
    this.log = log
    this.tracing = tracing ?? null
    this.measures = measures ? new GatewayMeasures(measures, this.tally) : null
  }

  /** A source whose fetches are told of; for the same one of the same service always the same. */
  source(service: string, source: Source): Source {
    const ofServices = this.sources.get(source) ?? new Map<string, Source>()
    this.sources.set(source, ofServices)
    const known = ofServices.get(service) ?? observedSource(service, source, this.measures)
    ofServices.set(service, known)
    return known
  }

  /** An operation has come. */
  begin({ requestId, traceparent, name }: Arrival): ObservedOperation {
    this.tally.operationsInFlight += 1
    const span = this.tracing?.fromOutside(traceparent).begin(name, 'work', { 'ashlar.request.id': requestId }) ?? null
    return new ObservedOperation(requestId, span)
  }

  /** Its answer is there. Once for each that has begun. */
  answered(operation: ObservedOperation): number {
    this.tally.operationsInFlight -= 1
    return performance.now() - operation.begunAt
  }

  /** Its answer was sent. @param ms how long it took, as `answered` said */
  sent(operation: ObservedOperation, ms: number, { status, bytes }: Outcome): void {
    const { summary, requestId, span } = operation
    const { name, type, codes, errorIds } = summary
    const shownName = name?.slice(0, NAME_CHARS_MAX) ?? null
    const [code = null] = codes
    const counts = this.measures?.operation(type === null ? REFUSED : name)
    counts?.done(ms / 1_000, bytes, code)
    if (span) {
      span.rename(type === null ? REFUSED : `${type} ${counts?.label ?? ''}`.trim())
      span.set({
        'graphql.operation.name': shownName ?? undefined,
        'graphql.operation.type': type ?? undefined,
        'ashlar.operation.hash': summary.hash() ?? undefined,
        'http.response.status_code': status,
      })
      span.end(code ?? undefined)
    }
    const level = ms >= SLOW_MS || codes.some((each) => OURS.has(each)) ? 'warn' : 'info'
    if (!this.log.isLevelEnabled(level)) return
    const line = {
      operation: shownName,
      type,
      hash: summary.hash(),
      status,
      ms: Math.round(ms * 10) / 10,
      bytes,
      requestId,
      ...(codes.length > 0 && { codes }),
      ...(errorIds.length > 0 && { errorIds }),
      ...(span?.traceId && { traceId: span.traceId }),
    }
    this.log[level](line, 'an operation')
  }

  /** Has one event of a subscription told of: each is a trace of its own. */
  async event<Outcome extends Answered>(service: string, asking: Asking, work: (asking: Asking) => Promise<Outcome>): Promise<Outcome> {
    this.tally.eventsExecuted += 1
    const span = this.tracing
      ?.fromOutside(undefined)
      .begin('event', 'work', { 'ashlar.subgraph': service, 'graphql.operation.type': 'subscription' })
    if (!span) return work(asking)
    const outcome = await work({ ...asking, trace: span })
    const [error] = outcome.errors ?? []
    span.end(error && codeLabel(error.extensions?.code))
    return outcome
  }

  close(): void {
    this.measures?.close()
  }
}
