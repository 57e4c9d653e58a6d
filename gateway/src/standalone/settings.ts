import { parseArgs } from 'node:util'
import { DRAIN_SECONDS_MAX, isLoopback, isMetricsToken } from '@ashlar/kit/config'
import { StartError } from '@ashlar/kit/process-life'
import { readTracing, type TracingSettings } from '@ashlar/kit/tracing/settings'
import { defaultLimits, type Limits } from '../limits.js'
import type { TrustedOptions } from '../rules/trusted-operations.js'
import { type CacheSettings, readSharing, readTokens, type TokenSettings } from './settings-parts.js'

export interface NamedAddress {
  readonly name: string
  readonly url: URL
}

/** Where the graph comes from: a file that is watched, or services that are asked for their schemas. */
export type GraphFrom = { readonly file: string } | { readonly services: readonly NamedAddress[] }

export interface StandaloneSettings {
  readonly from: GraphFrom
  readonly host: string
  readonly port: number
  readonly publicUrl: URL
  readonly allowedOrigins: ReadonlySet<string>
  /** Headers of the client's that every service gets, in lower case. */
  readonly forwardedHeaders: readonly string[]
  readonly limits: Limits
  readonly trustedOperations: TrustedOptions | null
  readonly sharing: CacheSettings
  /** The folder in which the last good graph is kept; nowhere where it is null. */
  readonly keep: string | null
  /** Null where nobody is known, and everybody may ask. */
  readonly tokens: TokenSettings | null
  /** What whoever reads `/metrics` has to bear; null: there is no such path. */
  readonly metricsToken: string | null
  readonly tracing: TracingSettings | null
  /** How long requests are still taken once it has been told to stop. */
  readonly drainSeconds: number
  readonly logLevel: string
}

/** Of a schema that says nothing of the length of its lists a budget would refuse what is meant. */
const LIMITS: Limits = { ...defaultLimits, cost: Number.POSITIVE_INFINITY }

export const USAGE = `npm run gateway -- --supergraph supergraph.graphql
npm run gateway -- --subgraph products=http://127.0.0.1:4001/graphql --subgraph reviews=http://127.0.0.1:4002/graphql

  --supergraph <file>     the composed supergraph; the file is watched
  --subgraph <name>=<url> a service that is asked for its schema, again and again; repeated
  --port <n>              4100, or PORT
  --host <address>        127.0.0.1, or HOST
  --public-url <url>      as the outside sees it, or PUBLIC_URL; needed by a host that is not loopback
  --allow-origin <origin> of pages that may call from a browser; repeated
  --forward-header <name> a header of the client's that every service gets, such as authorization; repeated
  --keep <folder>         of the last good graph, for a start at which services are away; .ashlar-gateway, or '' for nowhere
  --share-in-flight       identical queries at the same time are carried out once
  --cache <size>          answers are kept for as long as they hold, in at most this many bytes, such as 64mb
  --cache-token <token>   who bears it may say at /invalidate what has changed; or CACHE_TOKEN
  --jwks <url>            the published keys of tokens: a request's token is verified, and says who asks
  --issuer <text>         of the tokens
  --audience <text>       of the tokens
  --algorithm <name>      of the tokens' signatures; repeated; RS256, ES256 and EdDSA unless given
  --trusted-operations <path>
                          operations that are known by their ids: a manifest, a document, or a folder of either; watched
  --trusted-only          nothing else runs
  --limit <name>=<n>      ${Object.entries(LIMITS)
    .map(([name, value]) => `${name} (${value === Number.POSITIVE_INFINITY ? 'none' : value})`)
    .join(', ')}
  --metrics-token <text>  what whoever reads /metrics has to bear, or METRICS_TOKEN; without it there is no such path
  --drain <seconds>       0 to 5: how long requests are still taken once it is told to stop, or DRAIN_SECONDS; 0
  --log-level <level>     info

Traces go where OTEL_EXPORTER_OTLP_ENDPOINT says.`

const OPTIONS = {
  supergraph: { type: 'string' },
  subgraph: { type: 'string', multiple: true, default: [] as string[] },
  port: { type: 'string' },
  host: { type: 'string' },
  'public-url': { type: 'string' },
  'allow-origin': { type: 'string', multiple: true, default: [] as string[] },
  'forward-header': { type: 'string', multiple: true, default: [] as string[] },
  keep: { type: 'string', default: '.ashlar-gateway' },
  'share-in-flight': { type: 'boolean', default: false },
  cache: { type: 'string' },
  'cache-token': { type: 'string' },
  jwks: { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  algorithm: { type: 'string', multiple: true, default: [] as string[] },
  'trusted-operations': { type: 'string' },
  'trusted-only': { type: 'boolean', default: false },
  limit: { type: 'string', multiple: true, default: [] as string[] },
  'metrics-token': { type: 'string' },
  drain: { type: 'string' },
  'log-level': { type: 'string', default: 'info' },
  help: { type: 'boolean', default: false },
} as const

const PORT_MAX = 65_535
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/
const HEADER = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
/** What a connection's own are, and what the gateway says itself (RFC 9110, 7.6.1). */
const OWN_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'content-length',
  'content-type',
  'accept',
  'accept-encoding',
  'cookie',
])
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Reads what stands behind the command; null where only its usage is asked for. @throws StartError with every fault, in words */
export function readSettings(args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): StandaloneSettings | null {
  const values = parsed(args)
  if (values.help) return null
  const host = (values.host ?? env.HOST) || '127.0.0.1'
  const portText = (values.port ?? env.PORT) || '4100'
  const publicText = (values['public-url'] ?? env.PUBLIC_URL) || undefined
  const faults: string[] = []
  const fault = (flag: string, message: string): null => {
    faults.push(`--${flag} ${message}`)
    return null
  }

  const port = /^\d{1,5}$/.test(portText) && Number(portText) <= PORT_MAX ? Number(portText) : fault('port', 'is a number up to 65535')
  const publicUrl = readUrl(publicText ?? `http://${isLoopback(host) ? 'localhost' : host}:${portText}`)
  if (!publicUrl) fault('public-url', 'is an address with http:// or https://')
  if (!publicText && !isLoopback(host)) fault('public-url', 'is needed: the host is not loopback')

  const services = values.subgraph.flatMap((text): NamedAddress[] => {
    const [, name = '', address = ''] = text.match(/^([^=]+)=(.+)$/) ?? []
    const url = readUrl(address)
    if (NAME.test(name) && url) return [{ name, url }]
    fault('subgraph', `is <name>=<url>, not ${text}`)
    return []
  })
  const twice = services.find(({ name }, at) => services.findIndex((each) => each.name === name) !== at)
  if (twice) fault('subgraph', `names ${twice.name} twice`)
  if ((values.supergraph !== undefined) === services.length > 0 && faults.length === 0)
    faults.push('Either --supergraph or --subgraph says where the graph comes from.')

  for (const origin of values['allow-origin'])
    if (readUrl(origin)?.origin !== origin) fault('allow-origin', `is an origin such as https://example.com, not ${origin}`)
  const forwardedHeaders = values['forward-header'].map((name) => name.toLowerCase())
  for (const name of forwardedHeaders) if (!HEADER.test(name) || OWN_HEADERS.has(name)) fault('forward-header', `can't be ${name}`)
  const limits = Object.fromEntries(values.limit.flatMap((text) => readLimit(text) ?? fault('limit', `is <name>=<n>, not ${text}`) ?? []))
  const trusted = values['trusted-operations'] || null
  if (values['trusted-only'] && trusted === null) fault('trusted-operations', 'is needed by --trusted-only: else nothing could run')
  const cacheToken = (values['cache-token'] ?? env.CACHE_TOKEN) || undefined
  const sharing = readSharing({ inFlight: values['share-in-flight'], cache: values.cache, token: cacheToken }, fault)
  const tokens = readTokens(values, readUrl, fault)
  const metricsToken = (values['metrics-token'] ?? env.METRICS_TOKEN) || null
  if (metricsToken !== null && !isMetricsToken(metricsToken))
    fault('metrics-token', 'is at least 16 letters, digits or signs of - . _ ~ + /')
  const drainSeconds = Number((values.drain ?? env.DRAIN_SECONDS) || '0')
  if (!(drainSeconds >= 0 && drainSeconds <= DRAIN_SECONDS_MAX)) fault('drain', `is 0 to ${DRAIN_SECONDS_MAX} seconds`)
  const variables: { variable: string; message: string }[] = []
  const tracing = readTracing(env, variables)
  for (const { variable, message } of variables) faults.push(`${variable} ${message}`)
  if (!LEVELS.includes(values['log-level'])) fault('log-level', `is one of ${LEVELS.join(', ')}`)

  if (port === null || !publicUrl || faults.length > 0) throw new StartError([...faults, '', USAGE].join('\n'))
  return {
    from: values.supergraph === undefined ? { services } : { file: values.supergraph },
    host,
    port,
    publicUrl,
    allowedOrigins: new Set(values['allow-origin']),
    forwardedHeaders,
    limits: { ...LIMITS, ...limits },
    trustedOperations: trusted === null ? null : { path: trusted, only: values['trusted-only'] },
    sharing,
    keep: values.keep || null,
    tokens,
    metricsToken,
    tracing,
    drainSeconds,
    logLevel: values['log-level'],
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n\n${USAGE}`)
  }
}

function readUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null
  return url && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' ? url : null
}

function readLimit(text: string): [string, number][] | null {
  const [, name = '', value = ''] = text.match(/^(\w+)=(\d{1,12})$/) ?? []
  return Object.hasOwn(LIMITS, name) && Number(value) > 0 ? [[name, Number(value)]] : null
}
