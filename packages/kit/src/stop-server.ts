import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

/** From the signal on: what has not been answered by then is given up, and what is still not sent a second later is cut off. */
const GIVE_UP_MS = 7_000
const CUT_OFF_MS = 8_000

export interface Stopping {
  /** How long requests are still taken, so that whoever balances between processes has the time to notice; none unless given. */
  readonly drainMs?: number
  /** Sends those away who would stay, to come back elsewhere. */
  readonly leave?: () => Promise<void> | void
  /** Has what waits for something fail now. */
  readonly giveUp?: () => void
}

/**
 * Stops a server in order: takes nothing new, and answers what has been asked, but within 8 s, so that a process is gone within 10 s of
 * being told to go, whatever does not answer it.
 */
export async function stopServer(server: FastifyInstance, { drainMs = 0, leave, giveUp = () => {} }: Stopping = {}): Promise<void> {
  const ends = [setTimeout(giveUp, GIVE_UP_MS), setTimeout(() => server.server.closeAllConnections(), CUT_OFF_MS)]
  try {
    if (drainMs > 0) await delay(drainMs)
    await Promise.all([leave?.(), server.close()])
  } finally {
    for (const end of ends) clearTimeout(end)
  }
}

/** Has each answer end its connection once `isStopping`: one that stays open keeps a server from closing. Before any routes. */
export function closeAfterAnswers(server: FastifyInstance, isStopping: () => boolean): void {
  server.addHook('onSend', async (_request, reply) => {
    if (isStopping()) reply.header('connection', 'close')
  })
}

const CLOSE_MS = 500

interface Pool {
  readonly destroyed: boolean
  close(): Promise<void>
  destroy(reason: Error): Promise<void>
}

/** Closes connections once what is asked over them has been answered, which nobody waits for for long. */
export async function closePool(pool: Pool): Promise<void> {
  if (pool.destroyed) return
  const closed = pool.close()
  const cut = setTimeout(() => void pool.destroy(new Error('the process ends')), CLOSE_MS)
  await closed.finally(() => clearTimeout(cut))
}
