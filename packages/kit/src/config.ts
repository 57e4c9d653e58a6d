import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { type PairKeys, readKeys } from './internal-keys.js'
import { parseEmailAddress } from './scalars.js'
import { readTracing, type TracingSettings } from './tracing/settings.js'

export interface OpenIdProvider {
  /** As it stands in addresses: /sign-in/<name>. */
  readonly name: string
  readonly issuer: URL
  readonly clientId: string
  readonly clientSecret: string | null
  /** What the sign-in button says. */
  readonly label: string
  readonly scopes: readonly string[]
}

/** All that the environment says, checked. */
export interface Settings {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  /** The one address of this instance; links in mails begin with it. */
  readonly publicUrl: URL
  /** Origins and app addresses that the configuration lists; others are added by `setAllowedClients`. */
  readonly allowedClients: readonly string[]
  readonly allowedPrivateHosts: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly databaseUrl: string | null
  /** A service's own database, by the service's name. */
  readonly serviceDatabaseUrls: Readonly<Record<string, string>>
  readonly oneRole: boolean
  /** How many connections to its database this process may hold; null: its share of what the server allows. */
  readonly databaseConnections: number | null
  /** Where hints go out to other processes, with user and password; null: there are none. */
  readonly natsUrl: string | null
  /** A credentials file for NATS, where its servers want one. */
  readonly natsCredentials: string | null
  /** 32 bytes that the keys between processes are derived from; for what starts them alone. null: made anew. */
  readonly internalSecret: Buffer | null
  /** The keys of this process's own pairs; null where it is the only one. */
  readonly internalKeys: PairKeys | null
  /** Where the services that are processes of their own answer, by the service's name. */
  readonly serviceUrls: Readonly<Record<string, URL>>
  /** 32 bytes; null: made on the first start, in the data folder. */
  readonly secretKey: Buffer | null
  readonly owner: { readonly email: string; readonly password: string } | null
  readonly signUps: 'open' | 'guests' | 'closed'
  readonly authors: 'everyone' | 'moderators'
  readonly confirmEmail: boolean
  readonly smtpUrl: string | null
  readonly mailFrom: string
  readonly openIdProviders: readonly OpenIdProvider[]
  /** How far a cursor of an event log reaches back. */
  readonly eventRetentionDays: number
  /** What one operation may cost. */
  readonly operationCost: number
  /** Other bounds of the gateway's, by their names, which the gateway knows. */
  readonly limits: Readonly<Record<string, number>>
  /** The operations that are known by their ids: a manifest, a document, or a folder of either; and whether nothing else may run. */
  readonly trustedOperations: { readonly path: string; readonly only: boolean } | null
  /** Whether identical queries of one viewer at the same time are carried out once. */
  readonly shareInFlight: boolean
  /** What whoever reads `/metrics` has to bear; null: there is no such path. */
  readonly metricsToken: string | null
  /** Where spans go; null: nowhere. */
  readonly tracing: TracingSettings | null
  /** How long a gateway goes on taking requests once it has been told to stop. */
  readonly drainSeconds: number
  readonly demo: boolean
  readonly logLevel: string
}

/** The settings with the secret key in place: what every service is given. */
export interface Config extends Settings {
  readonly secretKey: Buffer
}

/** What a service's own process needs besides. */
export interface ServiceConfig extends Config {
  readonly internalKeys: PairKeys
}

/** What a gateway's own process needs besides. */
export interface GatewayConfig extends Settings {
  readonly internalKeys: PairKeys
}

/** Says every fault of the environment at once, each with its variable's name. */
export class ConfigError extends Error {
  constructor(readonly faults: readonly { readonly variable: string; readonly message: string }[]) {
    super(['The environment says what can not be:', ...faults.map(({ variable, message }) => `  ${variable}: ${message}`)].join('\n'))
    this.name = 'ConfigError'
  }
}

const flag = z
  .enum(['0', '1'], 'is 0 or 1')
  .default('0')
  .transform((value) => value === '1')
const list = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
const url = (protocols: readonly string[]) =>
  z.string().refine((value) => protocols.some((protocol) => value.startsWith(`${protocol}://`)) && URL.canParse(value), {
    error: `is an address that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  })
const postgresUrl = url(['postgres', 'postgresql'])
const secret = z
  .string()
  .transform((value) => Buffer.from(value, 'base64'))
  .refine((key) => key.length === 32, 'is 32 random bytes in base64, as openssl rand -base64 32 prints')
const internalKeys = z.string().transform((text, context): PairKeys => {
  const keys = readKeys(text)
  if (keys) return keys
  // Never the text: it is made of keys.
  context.addIssue({ code: 'custom', message: 'lists keys as sender>audience=key, separated by commas' })
  return z.NEVER
})
const serviceUrls = list.transform((items, context): Readonly<Record<string, URL>> => {
  const pairs = items.map((item) => item.match(/^([a-z][a-z0-9_]{0,30})=(https?:\/\/[^\s/?#@]+)\/?$/))
  if (pairs.every((pair) => pair !== null && URL.canParse(pair[2] ?? '')))
    return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', new URL(pair?.[2] ?? '')]))
  context.addIssue({ code: 'custom', message: 'lists addresses as posts=http://10.0.0.7:4000, separated by commas' })
  return z.NEVER
})

const limits = list.transform((items, context): Readonly<Record<string, number>> => {
  const pairs = items.map((item) => item.match(/^([a-zA-Z]{1,30})=([1-9]\d{0,11})$/))
  if (pairs.every((pair) => pair !== null)) return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', Number(pair?.[2])]))
  context.addIssue({ code: 'custom', message: 'lists bounds as aliases=200,depth=20, separated by commas' })
  return z.NEVER
})

/** An origin, or an app's own address: a scheme with a dot in it (RFC 8252, 7.1), so that none is `javascript:` or the like. */
const CLIENT = /^(?:https?:\/\/[^/?#@\s\\]+|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:\/[^\s#]*)$/
const CLIENT_MAX = 300

/** Whether a text may stand in a list of allowed clients: an origin (https://example.com) or an app address (com.example.app:/signed-in). */
export const isClientAddress = (client: string): boolean =>
  client.length <= CLIENT_MAX &&
  CLIENT.test(client) &&
  URL.canParse(client) &&
  (!client.startsWith('http') || new URL(client).origin === client)

const isEmailAddress = (text: string): boolean => {
  try {
    return parseEmailAddress(text) === text
  } catch {
    return false
  }
}
/** An address, or a range of them by the length of its prefix. */
function isProxy(text: string): boolean {
  const [address = '', prefix, more] = text.split('/')
  const bits = isIP(address) === 4 ? 32 : 128
  return isIP(address) !== 0 && more === undefined && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
}

/** An origin: what is behind it is for us to say, and cookies need https everywhere but on this machine. */
function isPublicUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || (url.href !== `${url.origin}/` && url.href !== url.origin)) return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))
}

/** RFC 6750, 2.1: what can stand behind `Bearer`. */
const METRICS_TOKEN = /^(?=.{16,1000}$)[A-Za-z0-9._~+/-]+=*$/
export const isMetricsToken = (text: string): boolean => METRICS_TOKEN.test(text)

/** Of the 10 s within which a process that was told to stop is gone. */
export const DRAIN_SECONDS_MAX = 5

const environment = z.object({
  PORT: z
    .string()
    .regex(/^\d+$/, 'is a number')
    .default('4000')
    .transform(Number)
    .pipe(z.number('is a number').int('is a whole number').min(1, 'is 1 to 65535').max(65_535, 'is 1 to 65535')),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1, 'is a folder').default('.ashlar'),
  PUBLIC_URL: z
    .string()
    .refine(isPublicUrl, 'is an origin such as https://api.example.com, without a path; http:// only for this machine itself')
    .optional(),
  ALLOWED_CLIENTS: list.pipe(
    z.array(
      z.string().refine(isClientAddress, 'lists origins such as https://example.com and app addresses such as com.example.app:/signed-in'),
    ),
  ),
  ALLOWED_PRIVATE_HOSTS: list,
  TRUSTED_PROXIES: list.pipe(z.array(z.string().refine(isProxy, 'lists addresses such as 10.0.0.1 or 10.0.0.0/8'))),
  DATABASE_URL: postgresUrl.optional(),
  ONE_ROLE: flag,
  DATABASE_CONNECTIONS: z
    .string()
    .transform(Number)
    .pipe(z.number('is a number').int('is a whole number').min(2, 'is at least 2'))
    .optional(),
  NATS_URL: z
    .string()
    .refine((text) => text.split(',').every((server) => /^(nats|tls):\/\//.test(server.trim()) && URL.canParse(server.trim())), {
      error: 'is an address such as nats://user:password@10.0.0.5:4222, or several, separated by commas',
    })
    .optional(),
  NATS_CREDS: z.string().optional(),
  INTERNAL_SECRET: secret.optional(),
  INTERNAL_KEYS: internalKeys.optional(),
  SERVICE_URLS: serviceUrls,
  SECRET_KEY: secret.optional(),
  OWNER_EMAIL: z.string().refine(isEmailAddress, 'is an e-mail address').optional(),
  OWNER_PASSWORD: z.string().min(8, 'has 8 to 1,000 characters').max(1_000, 'has 8 to 1,000 characters').optional(),
  SIGN_UPS: z.enum(['open', 'guests', 'closed'], 'is open, guests or closed').default('open'),
  AUTHORS: z.enum(['everyone', 'moderators'], 'is everyone or moderators').default('everyone'),
  CONFIRM_EMAIL: flag,
  SMTP_URL: url(['smtp', 'smtps']).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]+$/, 'is one line')
    .optional(),
  EVENT_RETENTION_DAYS: z
    .string()
    .default('30')
    .transform(Number)
    .pipe(z.number('is a number').int('is a whole number').min(1, 'is 1 to 3650').max(3_650, 'is 1 to 3650')),
  OPERATION_COST: z
    .string()
    .default('15000')
    .transform(Number)
    .pipe(z.number('is a number').int('is a whole number').min(1, 'is 1 or more')),
  LIMITS: limits,
  TRUSTED_OPERATIONS: z.string().optional(),
  TRUSTED_OPERATIONS_ONLY: flag,
  SHARE_IN_FLIGHT: flag,
  METRICS_TOKEN: z
    .string()
    .refine(isMetricsToken, 'is at least 16 letters, digits or signs of - . _ ~ + /, as openssl rand -base64 32 prints, and at most 1,000')
    .optional(),
  DRAIN_SECONDS: z
    .string()
    .default('0')
    .transform(Number)
    .pipe(z.number('is a number').min(0, 'is 0 to 5').max(DRAIN_SECONDS_MAX, 'is 0 to 5')),
  DEMO: flag,
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'is fatal, error, warn, info, debug, trace or silent')
    .default('info'),
})

/**
 * Reads and checks the environment; the one place that does.
 * @throws ConfigError with every fault at once.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Settings {
  // A variable set to nothing is one that is not set: `PORT= npm start` means the default.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = environment.safeParse(given)
  const faults = parsed.error?.issues.map(({ path, message }) => ({ variable: String(path[0]), message })) ?? []
  const openIdProviders = readOpenIdProviders(given, faults)
  const serviceDatabaseUrls = readServiceDatabaseUrls(given, faults)
  const tracing = readTracing(given, faults)

  const values = parsed.data
  if (values) {
    if (!isLoopback(values.HOST) && !values.PUBLIC_URL)
      faults.push({
        variable: 'PUBLIC_URL',
        message: `is needed where HOST (${values.HOST}) is not a loopback address: links in mails come from it`,
      })
    if (values.TRUSTED_OPERATIONS_ONLY && !values.TRUSTED_OPERATIONS)
      faults.push({ variable: 'TRUSTED_OPERATIONS', message: 'is needed by TRUSTED_OPERATIONS_ONLY: else nothing could run' })
    if (Boolean(values.OWNER_EMAIL) !== Boolean(values.OWNER_PASSWORD))
      faults.push({
        variable: values.OWNER_EMAIL ? 'OWNER_PASSWORD' : 'OWNER_EMAIL',
        message: 'goes with the other: OWNER_EMAIL and OWNER_PASSWORD',
      })
  }
  if (faults.length > 0 || !values) throw new ConfigError(faults)

  const publicUrl = new URL(values.PUBLIC_URL ?? `http://localhost:${values.PORT}`)
  return {
    port: values.PORT,
    host: values.HOST,
    dataDir: resolve(values.DATA_DIR),
    publicUrl,
    allowedClients: values.ALLOWED_CLIENTS,
    allowedPrivateHosts: values.ALLOWED_PRIVATE_HOSTS,
    trustedProxies: values.TRUSTED_PROXIES,
    databaseUrl: values.DATABASE_URL ?? null,
    serviceDatabaseUrls,
    oneRole: values.ONE_ROLE,
    databaseConnections: values.DATABASE_CONNECTIONS ?? null,
    natsUrl: values.NATS_URL ?? null,
    natsCredentials: values.NATS_CREDS ?? null,
    internalSecret: values.INTERNAL_SECRET ?? null,
    internalKeys: values.INTERNAL_KEYS ?? null,
    serviceUrls: values.SERVICE_URLS,
    secretKey: values.SECRET_KEY ?? null,
    owner: values.OWNER_EMAIL && values.OWNER_PASSWORD ? { email: values.OWNER_EMAIL, password: values.OWNER_PASSWORD } : null,
    signUps: values.SIGN_UPS,
    authors: values.AUTHORS,
    confirmEmail: values.CONFIRM_EMAIL,
    smtpUrl: values.SMTP_URL ?? null,
    mailFrom: values.MAIL_FROM ?? `Ashlar <no-reply@${publicUrl.hostname}>`,
    openIdProviders,
    eventRetentionDays: values.EVENT_RETENTION_DAYS,
    operationCost: values.OPERATION_COST,
    limits: values.LIMITS,
    trustedOperations: values.TRUSTED_OPERATIONS
      ? { path: resolve(values.TRUSTED_OPERATIONS), only: values.TRUSTED_OPERATIONS_ONLY }
      : null,
    shareInFlight: values.SHARE_IN_FLIGHT,
    metricsToken: values.METRICS_TOKEN ?? null,
    tracing,
    drainSeconds: values.DRAIN_SECONDS,
    demo: values.DEMO,
    logLevel: values.LOG_LEVEL,
  }
}

const KEYS_NEEDED = { variable: 'INTERNAL_KEYS', message: 'is needed by a process among others: what starts them makes it' }

/** The same for the process of one service. @throws ConfigError */
export function readServiceConfig(env: Readonly<Record<string, string | undefined>>, service: string): ServiceConfig {
  const settings = readConfig(env)
  const { secretKey, internalKeys, databaseUrl, serviceDatabaseUrls } = settings
  const faults: Faults = []
  if (!secretKey) faults.push({ variable: 'SECRET_KEY', message: 'is needed by a service of its own: the same 32 bytes as all others' })
  if (!internalKeys) faults.push(KEYS_NEEDED)
  if (!databaseUrl && !serviceDatabaseUrls[service])
    faults.push({ variable: 'DATABASE_URL', message: `is needed by a service of its own, or ${service.toUpperCase()}_DATABASE_URL` })
  if (!secretKey || !internalKeys || faults.length > 0) throw new ConfigError(faults)
  return { ...settings, secretKey, internalKeys }
}

/** The same for the process of a gateway alone. @throws ConfigError */
export function readGatewayConfig(env: Readonly<Record<string, string | undefined>>): GatewayConfig {
  const settings = readConfig(env)
  const { internalKeys, serviceUrls: urls } = settings
  const faults: Faults = []
  if (!internalKeys) faults.push(KEYS_NEEDED)
  if (!urls.users)
    faults.push({ variable: 'SERVICE_URLS', message: 'is needed by a gateway of its own: where each service answers, users among them' })
  if (!internalKeys || faults.length > 0) throw new ConfigError(faults)
  return { ...settings, internalKeys }
}

/** Whether an address or name reaches this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'))

type Faults = { variable: string; message: string }[]

/** `OPENID_<NAME>_ISSUER`, `_CLIENT_ID`, `_CLIENT_SECRET`, `_LABEL`, `_SCOPES`: one provider a name. */
function readOpenIdProviders(env: Readonly<Record<string, string | undefined>>, faults: Faults): OpenIdProvider[] {
  const names = new Set(
    Object.keys(env).flatMap(
      (variable) => variable.match(/^OPENID_([A-Z0-9]+)_(?:ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL|SCOPES)$/)?.[1] ?? [],
    ),
  )
  return [...names].sort().flatMap((name) => {
    const issuer = env[`OPENID_${name}_ISSUER`]
    const clientId = env[`OPENID_${name}_CLIENT_ID`]
    if (!issuer || !URL.canParse(issuer) || !/^https?:/.test(issuer)) {
      faults.push({ variable: `OPENID_${name}_ISSUER`, message: 'is the address of the provider, such as https://accounts.example.com' })
      return []
    }
    if (!clientId) {
      faults.push({ variable: `OPENID_${name}_CLIENT_ID`, message: 'is the id that the provider gave this instance' })
      return []
    }
    const label = env[`OPENID_${name}_LABEL`] ?? name.charAt(0) + name.slice(1).toLowerCase()
    const scopes = (env[`OPENID_${name}_SCOPES`] ?? 'openid email profile').split(/[\s,]+/)
    return [
      {
        name: name.toLowerCase(),
        issuer: new URL(issuer),
        clientId,
        clientSecret: env[`OPENID_${name}_CLIENT_SECRET`] ?? null,
        label,
        scopes,
      },
    ]
  })
}

/** `USERS_DATABASE_URL` and so on. */
function readServiceDatabaseUrls(env: Readonly<Record<string, string | undefined>>, faults: Faults): Record<string, string> {
  const urls: Record<string, string> = {}
  for (const [variable, value] of Object.entries(env)) {
    const service = variable.match(/^([A-Z][A-Z0-9]*)_DATABASE_URL$/)?.[1]
    if (!service) continue
    const parsed = postgresUrl.safeParse(value)
    if (parsed.success) urls[service.toLowerCase()] = parsed.data
    else faults.push({ variable, message: parsed.error.issues[0]?.message ?? 'is an address' })
  }
  return urls
}
