import { stopServer } from '@ashlar/kit/stop-server'
import type { FastifyInstance } from 'fastify'
import type { Gateway } from '../gateway.js'

/**
 * Stops a server of a gateway's in order: `/readyz` says no at once, streams are told to come back, what has been asked is answered, and
 * what waits for a service for too long is answered without it.
 */
export async function stopServing(server: FastifyInstance, gateway: Gateway, drainSeconds = 0): Promise<void> {
  gateway.drain()
  await stopServer(server, { drainMs: drainSeconds * 1_000, leave: () => gateway.leave(), giveUp: () => gateway.giveUp() })
}
