import { GATEWAY } from '@ashlar/kit/internal-keys'
import { checkAddress, listen } from '@ashlar/kit/listening'
import type { Logger } from '@ashlar/kit/log'
import { Metrics } from '@ashlar/kit/metrics'
import { metricsDoor } from '@ashlar/kit/metrics/metrics-door'
import { processRegistries } from '@ashlar/kit/metrics/process-metrics'
import { StartError } from '@ashlar/kit/process-life'
import { openTracing } from '@ashlar/kit/tracing/open-tracing'
import { fastify } from 'fastify'
import { composeSupergraph } from '../composition/compose.js'
import { readSchemas } from '../composition/schemas.js'
import { memoryStore } from '../composition/supergraph-store.js'
import { plainHttp } from '../data-sources/plain-http.js'
import type { Source } from '../data-sources/source.js'
import { createGateway, type GraphParts } from '../gateway.js'
import { invalidationDoor } from '../http/invalidation-door.js'
import { readGraphFile, watchGraphFile } from './graph-file.js'
import { fetchSchemas } from './service-schemas.js'
import type { StandaloneSettings } from './settings.js'
import { verifyTokens } from './verify-tokens.js'

/** A gateway by itself: over any supergraph, without database, services or people of its own. */
export interface Standalone extends AsyncDisposable {
  readonly url: string
  /** The services of the graph as it is now. */
  services(): readonly string[]
  close(): Promise<void>
}

/** How often services are asked for their schemas. */
const ASK_EVERY_MS = 10_000
const REQUEST_MS = 30_000
const IDLE_CONNECTION_MS = 75_000

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
  const { from } = settings
  const store = memoryStore()
  let supergraphSdl = ''

  async function load(): Promise<GraphParts> {
    if ('file' in from) supergraphSdl = await readGraphFile(from.file)
    else supergraphSdl = await composeSupergraph(readSchemas(await fetchSchemas(from.services, sourceOf), limits), { store, limits, log })
    return { supergraphSdl, sourceOf }
  }

  try {
    const tracing = await openTracing(settings.tracing, { name: 'ashlar-gateway', log })
    if (tracing) closing.push(() => tracing.close())
    const metrics = new Metrics(log, processRegistries(settings.metricsToken !== null))
    const gateway = await createGateway({
      subgraphs: await load(),
      log,
      limits,
      authenticate: settings.tokens ? verifyTokens(settings.tokens, log) : async () => null,
      sharing: settings.sharing,
      publicUrl: settings.publicUrl,
      host: settings.host,
      allowedOrigins: () => settings.allowedOrigins,
      forwardedHeaders: settings.forwardedHeaders,
      passErrors: true,
      measures: settings.metricsToken === null ? null : metrics.of(GATEWAY),
      tracing,
    })
    closing.push(() => gateway.close())

    let before = supergraphSdl
    const reload = async () => {
      try {
        const parts = await load()
        if (supergraphSdl === before) return
        await gateway.update(parts)
        before = supergraphSdl
        log.info('the graph has changed')
      } catch (error) {
        log.error({ reason: (error as Error).message }, 'the graph as it is now can not be served; the one before is')
      }
    }
    closing.push(keepLooking(from, oneAtATime(reload)))

    const server = fastify({
      requestTimeout: REQUEST_MS,
      keepAliveTimeout: IDLE_CONNECTION_MS,
      forceCloseConnections: 'idle',
      return503OnClosing: true,
    })
    await server.register(gateway.routes)
    const { token } = settings.sharing
    if (token !== null) await server.register(invalidationDoor({ token, invalidate: gateway.invalidate, log }))
    await server.register(metricsDoor(metrics, settings.metricsToken))
    const url = await listen(server, settings)
    closing.push(async () => {
      gateway.drain()
      await server.close()
    })
    return { url, services: () => gateway.services, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

function keepLooking(from: StandaloneSettings['from'], look: () => void): () => void {
  if ('file' in from) return watchGraphFile(from.file, look)
  const timer = setInterval(look, ASK_EVERY_MS).unref()
  return () => clearInterval(timer)
}

/** What is asked for while it runs is done once more afterwards. */
function oneAtATime(work: () => Promise<void>): () => void {
  let running = false
  let again = false
  return async () => {
    again = true
    if (running) return
    running = true
    while (again) {
      again = false
      await work()
    }
    running = false
  }
}

const closeAll = async (pools: Iterable<{ close(): Promise<void> }>): Promise<void> => {
  await Promise.all([...pools].map((pool) => pool.close()))
}
