import { randomUUID } from 'node:crypto'
import { nobody } from '@ashlar/kit/caller'
import { headerOf, readAs, refuse } from '@ashlar/kit/doors'
import { AshlarError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import { StatementRefused, type Statements } from '@ashlar/kit/statements'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Gateway } from '../gateway.js'

export const NODES_DOOR = '/internal/nodes'
/** As whom a service asks: the gateway's own statement, as it got it with the fetch that it works on. */
export const HANDED_BACK_HEADER = 'ashlar-viewer-statement'

export interface NodesDoorOptions {
  readonly nodes: Gateway['nodes']
  readonly statements: Statements
  /** The built-in services: only they may ask. */
  readonly services: ReadonlySet<string>
  readonly log: Logger
}

const BODY_BYTES_MAX = 4 * 1024 * 1024
const input = z.object({ ids: z.array(z.string().max(200)) })

/**
 * The door at which a built-in service asks the graph, as the viewer, which ids are there (security.md, Between processes). It answers
 * `nodes` only, one level deep: `{ result: [{ __typename, id }, null, { error }] }`, in the order of the ids.
 */
export const nodesDoor =
  ({ nodes, statements, services, log }: NodesDoorOptions): FastifyPluginAsync =>
  async (fastify) => {
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX }, async (_: FastifyRequest, body: Buffer) => body)
    fastify.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => refuse(error, request, reply, log))

    fastify.post(NODES_DOOR, async (request) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const { sender, asking } = statements.verify({ header: headerOf(request), door: NODES_DOOR, body })
      // For nobody a service signs by itself, as the system; for somebody it has to show who told it.
      if (asking || !services.has(sender)) throw new StatementRefused('NOT_ALLOWED')
      const { ids } = readAs(input, parse(body))
      const found = await nodes(ids, viewerOf(request, sender))
      return { result: found.map((node) => (node instanceof Error ? { error: shown(node) } : node)) }
    })

    function viewerOf({ headers }: FastifyRequest, sender: string) {
      const handedBack = headers[HANDED_BACK_HEADER]
      if (handedBack === undefined) return nobody({ id: randomUUID() })
      const { asking } = statements.verifyHandedBack(String(handedBack), sender)
      if (!asking) throw new StatementRefused('NOT_ALLOWED')
      return asking
    }
  }

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(String(body))
  } catch {
    return null
  }
}

const shown = (error: Error) => (error instanceof AshlarError ? error.toJSON().extensions : { code: 'INTERNAL_SERVER_ERROR' })
