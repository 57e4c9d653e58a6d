import type { Logger } from '@ashlar/kit/log'
import type { ComposedGraph, Gateway } from '../gateway.js'
import { watchGraphFile } from './graph-file.js'
import type { GraphSource } from './graph-source.js'
import type { StandaloneSettings } from './settings.js'

/** How often services are asked for their schemas. */
const ASK_EVERY_MS = 10_000
/** While some are away. */
const ASK_AGAIN_MS = 1_000

/** With the graph as it is, else with the last one that was good: a start must not hang on everything being there and well. */
export async function openFirst(graph: GraphSource, open: (supergraphSdl: string) => Promise<Gateway>, log: Logger): Promise<Gateway> {
  try {
    const supergraphSdl = await graph.read()
    const gateway = await open(supergraphSdl)
    await graph.served(supergraphSdl)
    return gateway
  } catch (error) {
    const kept = await graph.lastGood()
    if (kept === null) throw error
    const gateway = await open(kept).catch(() => {
      throw error
    })
    log.error({ reason: (error as Error).message }, 'the graph as it is now can not be served; the last good one is')
    return gateway
  }
}

/** Takes the graph up as it is now; what is wrong with it is told once, however often it is looked at. */
export function reloading(
  graph: GraphSource,
  gateway: Gateway,
  sourceOf: ComposedGraph['sourceOf'],
  { log, ended }: { readonly log: Logger; readonly ended: AbortSignal },
): () => Promise<void> {
  let told = ''
  return async () => {
    try {
      const supergraphSdl = await graph.read()
      if (ended.aborted) return
      if (supergraphSdl !== gateway.supergraphSdl) {
        await gateway.update({ supergraphSdl, sourceOf })
        log.info('the graph has changed')
      }
      told = ''
      await graph.served(supergraphSdl)
    } catch (error) {
      if (ended.aborted) return
      const { message } = error as Error
      if (message !== told) log.error({ reason: message }, 'the graph as it is now can not be served; the one before is')
      told = message
    }
  }
}

/** Has a graph looked at as long as it is served; answers what ends that. */
export function keepLooking(from: StandaloneSettings['from'], graph: GraphSource, look: () => Promise<void>): () => void {
  if ('file' in from) {
    const lookAgain = oneAtATime(look)
    const end = watchGraphFile(from.file, lookAgain)
    // What has changed since it was read for the start is no change to who watches from now on.
    lookAgain()
    return end
  }
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const next = () => {
    if (ended) return
    timer = setTimeout(() => void look().then(next), graph.isIncomplete ? ASK_AGAIN_MS : ASK_EVERY_MS)
    timer.unref()
  }
  next()
  return () => {
    ended = true
    clearTimeout(timer)
  }
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
