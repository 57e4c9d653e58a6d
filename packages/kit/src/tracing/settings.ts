/** Where spans go and how many of them, as the variables of OpenTelemetry say. */
export interface TracingSettings {
  readonly url: URL
  /** May hold a credential of the collector's. */
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** null: that of the process. */
  readonly serviceName: string | null
  /** What else is told of the process. */
  readonly resource: Readonly<Record<string, string>>
  /** The part of clients' requests that is recorded, 0 to 1. */
  readonly ratio: number
  /** Whether a request that says of itself that it is not recorded is not. */
  readonly parentBased: boolean
  /** Whether `traceparent` is taken in and passed on. */
  readonly propagates: boolean
}

type Env = Readonly<Record<string, string | undefined>>
type Faults = { variable: string; message: string }[]

const TIMEOUT_MS = 5_000
const TIMEOUT_MS_MAX = 60_000
const SAMPLERS = ['always_on', 'always_off', 'traceidratio']
const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Reads them: null where no collector is named. What is wrong with them is added to `faults`. */
export function readTracing(env: Env, faults: Faults): TracingSettings | null {
  const given = (name: string): string | undefined => env[name]?.trim() || undefined
  const ofTraces = (name: string): readonly [string, string | undefined] => {
    const variable = `OTEL_EXPORTER_OTLP_TRACES_${name}`
    return given(variable) === undefined ? [`OTEL_EXPORTER_OTLP_${name}`, given(`OTEL_EXPORTER_OTLP_${name}`)] : [variable, given(variable)]
  }
  const fault = (variable: string, message: string) => {
    faults.push({ variable, message })
    return null
  }

  const [variable, endpoint] = ofTraces('ENDPOINT')
  if (endpoint === undefined || given('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || given('OTEL_TRACES_EXPORTER') === 'none')
    return null
  const url = urlOf(endpoint, variable.includes('TRACES'))
  if (!url) fault(variable, 'is the address of a collector, such as http://127.0.0.1:4318')

  const [protocolVariable, protocol = 'http/protobuf'] = ofTraces('PROTOCOL')
  // Whoever takes protobuf over HTTP takes JSON at the same address.
  if (protocol !== 'http/json' && protocol !== 'http/protobuf')
    fault(protocolVariable, 'is http/json or http/protobuf: there is no gRPC here')

  const [headersVariable, headersText = ''] = ofTraces('HEADERS')
  // Never the text: it may hold a credential.
  const headers = pairsOf(headersText)
  if (!headers || !Object.keys(headers).every((name) => HEADER.test(name)))
    fault(headersVariable, 'lists headers as name=value, separated by commas')
  const resource = pairsOf(given('OTEL_RESOURCE_ATTRIBUTES') ?? '')
  if (!resource) fault('OTEL_RESOURCE_ATTRIBUTES', 'lists attributes as name=value, separated by commas')

  const [timeoutVariable, timeoutText = String(TIMEOUT_MS)] = ofTraces('TIMEOUT')
  const timeoutMs = Number(timeoutText)
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > TIMEOUT_MS_MAX)
    fault(timeoutVariable, `is milliseconds, 1 to ${TIMEOUT_MS_MAX}`)

  const sampler = given('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const kind = sampler.replace(/^parentbased_/, '')
  if (!SAMPLERS.includes(kind)) fault('OTEL_TRACES_SAMPLER', `is ${SAMPLERS.join(', ')}, or one of them behind parentbased_`)
  const ratio = kind === 'traceidratio' ? Number(given('OTEL_TRACES_SAMPLER_ARG') ?? '1') : kind === 'always_off' ? 0 : 1
  if (!(ratio >= 0 && ratio <= 1)) fault('OTEL_TRACES_SAMPLER_ARG', 'is a number from 0 to 1')

  const propagators = (given('OTEL_PROPAGATORS') ?? 'tracecontext').split(',').map((name) => name.trim())
  return {
    url: url ?? new URL('http://127.0.0.1:4318'),
    headers: headers ?? {},
    timeoutMs,
    serviceName: given('OTEL_SERVICE_NAME') ?? resource?.['service.name'] ?? null,
    resource: resource ?? {},
    ratio,
    parentBased: sampler !== kind,
    propagates: propagators.includes('tracecontext'),
  }
}

function urlOf(text: string, isWhole: boolean): URL | null {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return null
  const url = new URL(text)
  if (!isWhole) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`
  return url
}

/** As W3C Baggage writes them; null for what is not so. */
function pairsOf(text: string): Record<string, string> | null {
  const pairs: [string, string][] = []
  for (const item of text.split(',')) {
    if (item.trim() === '') continue
    const [, name = '', value = ''] = item.match(/^\s*([^=\s]+)\s*=\s*(.*?)\s*$/) ?? []
    if (name === '') return null
    try {
      pairs.push([decodeURIComponent(name), decodeURIComponent(value)])
    } catch {
      return null
    }
  }
  return Object.fromEntries(pairs)
}
