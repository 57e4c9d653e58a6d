import { join } from 'node:path'
import { explorer } from '@ashlar/console/explorer'
import type { GatewayOptions } from '@ashlar/gateway/gateway'
import { defaultLimits, type Limits } from '@ashlar/gateway/limits'
import { ConfigError, type Settings } from '@ashlar/kit/config'
import { GATEWAY } from '@ashlar/kit/internal-keys'
import type { Logger } from '@ashlar/kit/log'
import type { Metrics } from '@ashlar/kit/metrics'
import type { Tracing } from '@ashlar/kit/tracing/trace'
import type { Identities } from '@ashlar/users/identities'

export interface Surroundings {
  readonly identities: Identities
  readonly log: Logger
  readonly metrics: Metrics
  readonly tracing: Tracing | null
}

/** What every gateway of this configuration has in common, wherever the services are. */
export function publicDoor(config: Settings, { identities, log, metrics, tracing }: Surroundings): Omit<GatewayOptions, 'subgraphs'> {
  const {
    publicUrl,
    host,
    allowedClients,
    openIdProviders,
    signUps,
    dataDir,
    operationCost,
    trustedOperations,
    metricsToken,
    shareInFlight,
  } = config
  return {
    cacheDir: join(dataDir, 'supergraphs'),
    log,
    measures: metricsToken === null ? null : metrics.of(GATEWAY),
    tracing,
    authenticate: identities.authenticate,
    mayWrite: identities.isCurrent,
    standings: identities.standings,
    publicUrl,
    host,
    limits: { ...limitsOf(config), cost: operationCost },
    trustedOperations,
    sharing: { inFlight: shareInFlight },
    allowedOrigins: async () => new Set([...allowedClients, ...(await identities.origins())]),
    explorer: explorer({
      publicUrl,
      signUps: signUps !== 'closed',
      providers: openIdProviders.map(({ name, label }) => ({ label, url: `/sign-in/${name}` })),
    }),
  }
}

/** @throws ConfigError for a bound that there is not */
function limitsOf({ limits }: Settings): Partial<Limits> {
  const unknown = Object.keys(limits).filter((name) => !Object.hasOwn(defaultLimits, name) || name === 'cost')
  if (unknown.length > 0) {
    const known = Object.keys(defaultLimits).filter((name) => name !== 'cost')
    throw new ConfigError([{ variable: 'LIMITS', message: `knows no ${unknown.join(', ')}, but ${known.join(', ')}` }])
  }
  return limits
}
