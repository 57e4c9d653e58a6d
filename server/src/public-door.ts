import { join } from 'node:path'
import { explorer } from '@ashlar/console/explorer'
import type { GatewayOptions } from '@ashlar/gateway/gateway'
import type { Settings } from '@ashlar/kit/config'
import type { Logger } from '@ashlar/kit/log'
import type { Identities } from '@ashlar/users/identities'

/** What every gateway of this configuration has in common, wherever the services are. */
export function publicDoor(config: Settings, identities: Identities, log: Logger): Omit<GatewayOptions, 'subgraphs'> {
  const { publicUrl, host, allowedClients, openIdProviders, signUps, dataDir, operationCost } = config
  return {
    cacheDir: join(dataDir, 'supergraphs'),
    log,
    authenticate: identities.authenticate,
    mayWrite: identities.isCurrent,
    publicUrl,
    host,
    limits: { cost: operationCost },
    allowedOrigins: async () => new Set([...allowedClients, ...(await identities.origins())]),
    explorer: explorer({
      publicUrl,
      signUps: signUps !== 'closed',
      providers: openIdProviders.map(({ name, label }) => ({ label, url: `/sign-in/${name}` })),
    }),
  }
}
