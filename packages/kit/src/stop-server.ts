import type { FastifyInstance } from 'fastify'

/** What has not finished by then is cut off, so that a process is gone within 10 s of being told to go. */
export const STOP_SERVER_MS = 8_000

/**
 * Takes nothing new from now on, and answers what has been asked: within `limitMs`, after which connections are cut. Nothing is left open
 * for whoever would ask again.
 */
export async function stopServer(server: FastifyInstance, limitMs = STOP_SERVER_MS): Promise<void> {
  const cut = setTimeout(() => server.server.closeAllConnections(), limitMs)
  try {
    await server.close()
  } finally {
    clearTimeout(cut)
  }
}

/** Has each answer end its connection once `isStopping`: one that stayed open would keep the server from closing. */
export function closeAfterAnswers(server: FastifyInstance, isStopping: () => boolean): void {
  server.addHook('onSend', async (_request, reply) => {
    if (isStopping()) reply.header('connection', 'close')
  })
}
