import { type Context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  type SpanExporter,
  TracerProvider,
  type TracerProviderOptions,
} from '@opentelemetry/sdk-trace'
import { inTime } from '../metrics/in-time.js'
import { Outage } from '../outage.js'
import type { ThisProcess } from './open-tracing.js'
import type { TracingSettings } from './settings.js'
import { BegunOutside, Unrecorded } from './spans.js'
import type { Tracing } from './trace.js'
import { type RemoteSpan, readTraceparent } from './traceparent.js'

/** Spans that wait for the collector; beyond them new ones are left out, rather than memory filled. */
const QUEUE_MAX = 4_096
const BATCH_MAX = 512
const BATCH_MS = 2_000
const CLOSE_MS = 2_000
/** Of anything that is told of a span. */
const VALUE_CHARS_MAX = 1_000

/** Spans go to the collector from now on. */
export function otelTracing(settings: TracingSettings, { name, log }: ThisProcess): Tracing {
  const { url, headers, timeoutMs, ratio, parentBased, propagates } = settings
  const otlp = new OTLPTraceExporter({ url: url.href, headers: { ...headers }, timeoutMillis: timeoutMs })
  const outage = new Outage(log, { fails: 'spans can not be sent to the collector', worksAgain: 'spans are sent to the collector again' })
  const exporter: SpanExporter = {
    export: (spans, done) =>
      otlp.export(spans, (result) => {
        if (result.code === SENT) outage.succeeded()
        else outage.failed(result.error ?? new Error('no reason was given'))
        done(result)
      }),
    forceFlush: () => otlp.forceFlush(),
    shutdown: () => otlp.shutdown(),
  }
  const provider = new TracerProvider({
    resource: resourceOf({ ...settings.resource, 'service.name': settings.serviceName ?? name }),
    // What is recorded is decided before there is a span.
    sampler: new AlwaysOnSampler(),
    spanLimits: { attributeValueLengthLimit: VALUE_CHARS_MAX },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE_MAX,
        maxExportBatchSize: BATCH_MAX,
        scheduledDelayMillis: BATCH_MS,
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  })
  const options = { tracer: provider.getTracer('ashlar'), propagates }

  return {
    fromOutside(traceparent) {
      const parent = propagates ? readTraceparent(traceparent) : null
      // By chance of our own: who makes the ids, or sets the flag, could have everything recorded.
      const recorded = Math.random() < ratio && (!parentBased || !parent || parent.sampled)
      if (!recorded) return new Unrecorded({ propagates, traceId: parent?.traceId ?? null })
      return new BegunOutside(options, parent ? contextOf(parent) : ROOT_CONTEXT)
    },
    fromInside(traceparent) {
      const parent = readTraceparent(traceparent)
      return parent?.sampled ? new BegunOutside(options, contextOf(parent)) : null
    },
    async close() {
      await inTime(provider.shutdown(), CLOSE_MS).catch(() => {})
    },
  }
}

const SENT = 0

const contextOf = ({ traceId, spanId }: RemoteSpan): Context =>
  trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true })

type Resource = NonNullable<TracerProviderOptions['resource']>

/** What is told of the process, in the form that exporters read; all of it is known, and nothing is looked for. */
const resourceOf = (attributes: Readonly<Record<string, string>>): Resource => {
  const resource: Resource = { attributes, merge: () => resource, getRawAttributes: () => Object.entries(attributes) }
  return resource
}
