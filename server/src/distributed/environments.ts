import { isLoopback, type Settings } from '@ashlar/kit/config'
import { GATEWAY, keysFor } from '@ashlar/kit/internal-keys'

export interface Surroundings {
  readonly settings: Settings
  /** As it was given to what starts the processes. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly internalSecret: Buffer
  readonly secretKey: Buffer
  readonly databaseUrl: string | null
  readonly databaseConnections: number | null
  readonly natsUrl: string | null
  /** By the service's name: where it listens. */
  readonly ports: ReadonlyMap<string, number>
  /** Where the others reach it. */
  readonly doors: ReadonlyMap<string, number>
}

type Environment = Record<string, string>

/** What of the environment is nobody's but that of who starts the processes. */
const OWN = new Set(['PORT', 'HOST', 'INTERNAL_SECRET', 'INTERNAL_KEYS', 'SERVICE_URLS', 'PUBLIC_URL', 'DATABASE_CONNECTIONS'])
/** What a gateway has no business with: data, mail, the keys to what is sealed. */
const SECRET = /^(?:[A-Z0-9]+_)?DATABASE_URL$|^ONE_ROLE$|^SECRET_KEY$|^OWNER_|^SMTP_URL$|^OPENID_[A-Z0-9]+_CLIENT_SECRET$/

const without = (env: Surroundings['env'], isLeftOut: (variable: string) => boolean): Environment =>
  Object.fromEntries(
    Object.entries(env).flatMap(([variable, value]) => (value === undefined || isLeftOut(variable) ? [] : [[variable, value]])),
  )

/** The environment of one service's process: its own pairs' keys, its way to the database and the bus. */
export function serviceEnvironment(name: string, surroundings: Surroundings): Environment {
  const { env, secretKey, databaseUrl, databaseConnections, ports, doors, settings } = surroundings
  const { host, publicUrl } = settings
  // Other services' own addresses are theirs.
  const foreign = (variable: string) => /^[A-Z0-9]+_DATABASE_URL$/.test(variable) && variable !== `${name.toUpperCase()}_DATABASE_URL`
  return {
    ...without(env, (variable) => OWN.has(variable) || foreign(variable)),
    ...common(surroundings, name),
    PORT: String(ports.get(name)),
    // Beyond loopback only where the public address does not tell that this is for others than this machine's own people.
    HOST: isLoopback(host) || !isLoopback(publicUrl.hostname) ? '127.0.0.1' : host,
    SECRET_KEY: secretKey.toString('base64'),
    SERVICE_URLS: addressesOf(doors),
    ...(databaseUrl && { DATABASE_URL: databaseUrl }),
    ...(databaseConnections && { DATABASE_CONNECTIONS: String(databaseConnections) }),
  }
}

/** The environment of a gateway's process. */
export function gatewayEnvironment(port: number, surroundings: Surroundings): Environment {
  const { env, doors, settings } = surroundings
  return {
    ...without(env, (variable) => OWN.has(variable) || SECRET.test(variable)),
    ...common(surroundings, GATEWAY),
    PORT: String(port),
    HOST: settings.host,
    SERVICE_URLS: addressesOf(doors),
  }
}

const addressesOf = (doors: Surroundings['doors']): string => [...doors].map(([name, at]) => `${name}=http://127.0.0.1:${at}`).join(',')

const common = ({ settings, env, internalSecret, natsUrl, ports }: Surroundings, name: string): Environment => ({
  DATA_DIR: settings.dataDir,
  PUBLIC_URL: settings.publicUrl.origin,
  INTERNAL_KEYS: keysFor(internalSecret, name, [GATEWAY, ...ports.keys()]),
  ...(natsUrl && { NATS_URL: natsUrl }),
  // Else they would all look like one in traces.
  ...(env.OTEL_SERVICE_NAME && { OTEL_SERVICE_NAME: `${env.OTEL_SERVICE_NAME}-${name}` }),
})
