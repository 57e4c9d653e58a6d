import { explorerRoutes } from '@ashlar/console/explorer-routes'
import { overHttp } from '@ashlar/gateway/data-sources/http'
import { createGateway, type Gateway } from '@ashlar/gateway/gateway'
import { nodesDoor } from '@ashlar/gateway/http/nodes-door'
import { stopServing } from '@ashlar/gateway/http/stop-serving'
import { defaultLimits } from '@ashlar/gateway/limits'
import type { GatewayConfig } from '@ashlar/kit/config'
import { readTypeDefs } from '@ashlar/kit/define-subgraph'
import { DoorClient } from '@ashlar/kit/doors-client'
import { GATEWAY } from '@ashlar/kit/internal-keys'
import { checkAddress, listen } from '@ashlar/kit/listening'
import type { Logger } from '@ashlar/kit/log'
import { families } from '@ashlar/kit/metrics/families'
import { metricsDoor } from '@ashlar/kit/metrics/metrics-door'
import { processMetrics } from '@ashlar/kit/metrics/process-metrics'
import { StartError } from '@ashlar/kit/process-life'
import { openBus } from '@ashlar/kit/service-process'
import { Statements } from '@ashlar/kit/statements'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { revocationLag } from '@ashlar/users/metrics'
import { remoteIdentities } from '@ashlar/users/remote-identities'
import { createHttpServer } from './http.js'
import { jwksRoutes } from './jwks-routes.js'
import { publicDoor } from './public-door.js'
import { remotePages } from './remote-pages.js'
import { schemaOf, serviceNames } from './subgraphs.js'

/** A gateway in this process; the services are others. */
export interface GatewayApp extends AsyncDisposable {
  /** Where it answers, as `http://127.0.0.1:4000`. */
  readonly url: string
  readonly gateway: Gateway
  close(): Promise<void>
}

/**
 * Starts a gateway alone. It needs no service to be there: the schemas are those of this release, and a service that is away costs its
 * own fields. @throws StartError or CompositionError
 */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<GatewayApp> {
  await checkAddress(config)
  const { serviceUrls, internalKeys, publicUrl } = config
  const built = new Set(serviceNames())
  const unknown = Object.keys(serviceUrls).filter((name) => !built.has(name))
  if (unknown.length > 0) throw new StartError(`SERVICE_URLS names ${unknown.join(', ')}, of which this release has no schema.`)

  const closing: (() => Promise<void>)[] = []
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      for (const end of closing.splice(0).reverse())
        await end().catch((error: unknown) => log.error({ err: error }, 'a part did not stop in order'))
    })()
    return closed
  }
  try {
    const statements = new Statements({ name: GATEWAY, keys: internalKeys })
    const doors = Object.entries(serviceUrls).map(([audience, url]) => new DoorClient({ audience, url, statements }))
    for (const door of doors) closing.push(() => door.close())
    const bus = await openBus(config, log)
    closing.push(() => bus.close())
    const users = doors.find(({ audience }) => audience === 'users')
    if (!users) throw new StartError('SERVICE_URLS does not say where users answers.')
    const identities = remoteIdentities({ door: users, bus, issuer: publicUrl.origin, log })
    closing.push(() => identities.close())
    const metrics = processMetrics(config, log)
    const measures = metrics.of(GATEWAY)
    const tracing = await openTracing(config.tracing, { name: 'ashlar-gateway', log })
    if (tracing) closing.push(() => tracing.close())
    measures.value(revocationLag, () => identities.endingsAgeSeconds())
    if (config.natsUrl) measures.value(families.busConnected, () => (bus.crossesProcesses ? 1 : 0))

    const gateway = await createGateway({
      ...publicDoor(config, { identities, log, metrics, tracing }),
      subgraphs: doors.map((door) => {
        const sdl = readTypeDefs(schemaOf(door.audience))
        const signsIn = sdl.includes('@signsIn')
        const source = overHttp({ door, signsIn, fetchMs: defaultLimits.fetchMs, log })
        closing.push(async () => source.close())
        return { name: door.audience, sdl, source }
      }),
    })
    closing.push(() => gateway.close())

    const http = await createHttpServer(config, {
      gateway,
      pages: [explorerRoutes, jwksRoutes(identities.jwks), remotePages(doors, log)],
      internal: [nodesDoor({ nodes: gateway.nodes, statements, services: built, log }), metricsDoor(metrics, config.metricsToken)],
    })
    const url = await listen(http, config)
    closing.push(() => stopServing(http, gateway, config.drainSeconds))
    return { url, gateway, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
