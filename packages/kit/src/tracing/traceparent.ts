/** A place in a trace of another's (W3C Trace Context). */
export interface RemoteSpan {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const LENGTH_MAX = 200
const SAMPLED = 1
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** null for whatever is not valid; of a later version what this one knows is read, as the standard has it (3.2.4). */
export function readTraceparent(header: string | undefined): RemoteSpan | null {
  if (header === undefined || header.length > LENGTH_MAX) return null
  const [, version, traceId = '', spanId = '', flags = '', more] = header.match(FORM) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return null
  if (traceId === NO_TRACE || spanId === NO_SPAN) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

export const writeTraceparent = ({ traceId, spanId, sampled }: RemoteSpan): string => `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
