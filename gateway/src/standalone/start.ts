import { GATEWAY } from '@ashlar/kit/internal-keys'
import { checkAddress, listen } from '@ashlar/kit/listening'
import type { Logger } from '@ashlar/kit/log'
import { Metrics } from '@ashlar/kit/metrics'
import { metricsDoor } from '@ashlar/kit/metrics/metrics-door'
import { processRegistries } from '@ashlar/kit/metrics/process-metrics'
import { StartError } from '@ashlar/kit/process-life'
import { closeAfterAnswers } from '@ashlar/kit/stop-server'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { fastify } from 'fastify'
import { plainHttp } from '../data-sources/plain-http.js'
import type { Source } from '../data-sources/source.js'
import { createGateway } from '../gateway.js'
import { invalidationDoor } from '../http/invalidation-door.js'
import { serverTimes } from '../http/server-times.js'
import { stopServing } from '../http/stop-serving.js'
import { keepLooking, openFirst, reloading } from './graph-changes.js'
import { graphSource } from './graph-source.js'
import type { StandaloneSettings } from './settings.js'
import { verifyTokens } from './verify-tokens.js'

/** A gateway by itself: over any supergraph, without database, services or people of its own. */
export interface Standalone extends AsyncDisposable {
  readonly url: string
  /** The services of the graph as it is now. */
  services(): readonly string[]
  close(): Promise<void>
}

/**
 * Starts it. The graph is loaded anew whenever it changes; one that can't be loaded leaves the one before in force.
 * @throws StartError or CompositionError in words for people
 */
export async function startStandalone(settings: StandaloneSettings, log: Logger): Promise<Standalone> {
  await checkAddress(settings)
  const { limits } = settings
  const pools = new Map<string, Source & { close(): Promise<void> }>()
  const sourceOf = (name: string, url: URL | null): Source => {
    if (!url) throw new StartError(`The supergraph does not say where ${name} answers.`)
    const known = pools.get(url.href) ?? plainHttp({ url, fetchMs: limits.fetchMs, answerBytes: limits.answerBytes })
    pools.set(url.href, known)
    return known
  }
  const closing: (() => Promise<void> | void)[] = [() => closeAll(pools.values())]
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= (async () => {
      for (const end of closing.splice(0).reverse()) await end()
    })()
    return closed
  }
  const { from, keep } = settings
  const ended = new AbortController()
  const graph = graphSource({ from, keep, sourceOf, limits, log })

  try {
    const tracing = await openTracing(settings.tracing, { name: 'ashlar-gateway', log })
    if (tracing) closing.push(() => tracing.close())
    const metrics = new Metrics(log, processRegistries(settings.metricsToken !== null))
    const options = {
      log,
      limits,
      authenticate: async () => null,
      ...(settings.tokens && verifyTokens(settings.tokens, log)),
      sharing: settings.sharing,
      trustedOperations: settings.trustedOperations,
      publicUrl: settings.publicUrl,
      host: settings.host,
      allowedOrigins: () => settings.allowedOrigins,
      forwardedHeaders: settings.forwardedHeaders,
      passErrors: true,
      measures: settings.metricsToken === null ? null : metrics.of(GATEWAY),
      tracing,
    }
    const open = (supergraphSdl: string) => createGateway({ ...options, subgraphs: { supergraphSdl, sourceOf } })
    const gateway = await openFirst(graph, open, log)
    closing.push(() => gateway.close())
    closing.push(keepLooking(from, graph, reloading(graph, gateway, sourceOf, { log, ended: ended.signal })))
    closing.push(() => ended.abort())

    const server = fastify({
      ...serverTimes(limits),
      forceCloseConnections: 'idle',
      return503OnClosing: true,
    })
    closeAfterAnswers(server, () => !gateway.isReady)
    await server.register(gateway.routes)
    const { token } = settings.sharing
    if (token !== null) await server.register(invalidationDoor({ token, invalidate: gateway.invalidate, log }))
    await server.register(metricsDoor(metrics, settings.metricsToken))
    const url = await listen(server, settings)
    closing.push(() => stopServing(server, gateway, settings.drainSeconds))
    return { url, services: () => gateway.services, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

const closeAll = async (pools: Iterable<{ close(): Promise<void> }>): Promise<void> => {
  await Promise.all([...pools].map((pool) => pool.close()))
}
