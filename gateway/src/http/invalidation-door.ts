import { createHash, timingSafeEqual } from 'node:crypto'
import { badUserInput, unauthenticated } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import type { EntityName } from '../caching/entity-tags.js'
import { readJsonBodies } from './json-body.js'
import { answerFaults } from './request-fault.js'

export interface InvalidationDoorOptions {
  readonly token: string
  readonly invalidate: (entities: readonly EntityName[]) => number
  readonly log: Logger
}

const BODY_BYTES_MAX = 256 * 1_024
const ENTITIES_MAX = 1_000
const NESTING_MAX = 4
const input = z.object({
  entities: z.array(z.looseObject({ __typename: z.string().min(1).max(200) })).max(ENTITIES_MAX),
})

/**
 * `POST /invalidate` with `{ "entities": [{ "__typename": "Product", "upc": "1" }] }`, for whoever bears the token: what is kept of them is
 * answered no more. Answers `{ "invalidated": 3 }`, how many answers that were.
 */
export const invalidationDoor =
  ({ token, invalidate, log }: InvalidationDoorOptions): FastifyPluginAsync =>
  async (fastify) => {
    const expected = digest(token)
    fastify.setErrorHandler(answerFaults(log))
    readJsonBodies(fastify, NESTING_MAX)
    // Before the body is read.
    fastify.addHook('onRequest', async ({ headers }, reply) => {
      reply.header('cache-control', 'no-store')
      const [, given = ''] = headers.authorization?.match(/^Bearer +([^ ]+)$/i) ?? []
      // Of the digests, which are equally long: how long it takes tells nothing of the token.
      if (timingSafeEqual(digest(given), expected)) return
      reply.header('www-authenticate', 'Bearer')
      throw unauthenticated({ message: 'Only who bears the token may say what has changed.' })
    })
    fastify.post('/invalidate', { bodyLimit: BODY_BYTES_MAX }, async ({ body }) => {
      const read = input.safeParse(body)
      if (!read.success) throw badUserInput(read.error.issues.map(({ path, message }) => ({ path: path.map(String), message })))
      return { invalidated: invalidate(read.data.entities) }
    })
  }

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
