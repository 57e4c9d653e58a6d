import type { Asking } from '@ashlar/kit/caller'
import { TRACE_HEADER } from '@ashlar/kit/tracing/trace'

const NONE: Readonly<Record<string, string>> = {}

/** The header by which a service is told of the trace that it is asked in; none where there is no trace. */
export function traceHeader({ trace }: Asking): Readonly<Record<string, string>> {
  const traceparent = trace?.traceparent ?? null
  return traceparent === null ? NONE : { [TRACE_HEADER]: traceparent }
}
