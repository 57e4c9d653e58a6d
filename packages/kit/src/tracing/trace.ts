/** How a process is told of the trace that it is asked in (W3C Trace Context). */
export const TRACE_HEADER = 'traceparent'

/** What is told of something, by the names that OpenTelemetry has for it; never a literal, a variable or a credential. */
export type TraceAttributes = Readonly<Record<string, string | number | boolean | undefined>>

/** `work` that was asked for here, or what another is asked as its `client`. */
export type SpanKind = 'work' | 'client'

/** What goes on, as a part of a trace. Who does something within it begins a span of it. */
export interface Trace {
  /** As whoever is asked is told of it (W3C Trace Context, 3.2); null where nobody is to be. */
  readonly traceparent: string | null
  begin(name: string, kind: SpanKind, attributes?: TraceAttributes): Span
}

export interface Span extends Trace {
  /** Its trace's id, 32 hexadecimal digits; null for one that nobody will find. */
  readonly traceId: string | null
  /** What is known only later. */
  set(attributes: TraceAttributes): void
  rename(name: string): void
  /** It is over. @param fault why it failed: a code, never a message */
  end(fault?: string): void
}

/** The spans of one process, on their way to a collector. */
export interface Tracing {
  /**
   * What a client's request, or a stream's event, is told under. A client's `traceparent` gives the trace its id; how many are recorded
   * is for the configuration to say, whatever the header asks for.
   */
  fromOutside(traceparent: string | undefined): Trace
  /** What a process of ours asks for: recorded where it records it, else null. */
  fromInside(traceparent: string | undefined): Trace | null
  /** Sends what is left, within 2 s. */
  close(): Promise<void>
}
