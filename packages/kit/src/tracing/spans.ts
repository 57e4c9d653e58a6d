import { randomBytes } from 'node:crypto'
import { type Context, SpanKind as Kind, type Span as OtelSpan, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Span, SpanKind, Trace, TraceAttributes } from './trace.js'
import { writeTraceparent } from './traceparent.js'

export interface TraceOptions {
  readonly tracer: Tracer
  readonly propagates: boolean
}

/** What was begun elsewhere, or nowhere yet: what is done for it is asked for from outside. */
export class BegunOutside implements Trace {
  readonly traceparent = null

  constructor(
    private readonly options: TraceOptions,
    private readonly context: Context,
  ) {}

  begin(name: string, kind: SpanKind, attributes: TraceAttributes = {}): Span {
    return new RecordedSpan(this.options, this.context, { name, kind: kind === 'client' ? Kind.CLIENT : Kind.SERVER, attributes })
  }
}

interface Beginning {
  readonly name: string
  readonly kind: Kind
  readonly attributes: TraceAttributes
}

class RecordedSpan implements Span {
  private readonly span: OtelSpan
  private readonly context: Context

  constructor(
    private readonly options: TraceOptions,
    parent: Context,
    { name, kind, attributes }: Beginning,
  ) {
    this.span = options.tracer.startSpan(name, { kind, attributes }, parent)
    this.context = trace.setSpan(parent, this.span)
  }

  get traceId(): string {
    return this.span.spanContext().traceId
  }

  get traceparent(): string | null {
    if (!this.options.propagates) return null
    const { traceId, spanId } = this.span.spanContext()
    return writeTraceparent({ traceId, spanId, sampled: true })
  }

  begin(name: string, kind: SpanKind, attributes: TraceAttributes = {}): Span {
    return new RecordedSpan(this.options, this.context, { name, kind: kind === 'client' ? Kind.CLIENT : Kind.INTERNAL, attributes })
  }

  set(attributes: TraceAttributes): void {
    this.span.setAttributes(attributes)
  }

  rename(name: string): void {
    this.span.updateName(name)
  }

  end(fault?: string): void {
    if (fault !== undefined) this.span.setAttribute('error.type', fault).setStatus({ code: SpanStatusCode.ERROR })
    this.span.end()
  }
}

const SPAN_ID_BYTES = 8
const TRACE_ID_BYTES = 16

/** What is not recorded: whoever is asked is told so, under the client's own id where there is one. */
export class Unrecorded implements Span {
  readonly traceId = null

  constructor(private readonly told: { readonly propagates: boolean; readonly traceId: string | null }) {}

  get traceparent(): string | null {
    if (!this.told.propagates) return null
    const traceId = this.told.traceId ?? randomBytes(TRACE_ID_BYTES).toString('hex')
    return writeTraceparent({ traceId, spanId: randomBytes(SPAN_ID_BYTES).toString('hex'), sampled: false })
  }

  begin(): Span {
    return this
  }

  set(): void {}

  rename(): void {}

  end(): void {}
}
