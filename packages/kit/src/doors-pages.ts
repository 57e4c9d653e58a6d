import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import { headerOf, refuse } from './doors.js'
import { GATEWAY } from './internal-keys.js'
import type { Logger } from './log.js'
import { StatementRefused, type Statements } from './statements.js'

/** A page that a gateway shows as its own. */
export interface PagePath {
  readonly method: string
  /** With parameters, as find-my-way spells them. */
  readonly url: string
}

/** Forms are small; whatever takes more is no page. */
const BODY_BYTES_MAX = 1024 * 1024

/** Which door of a statement a page's request goes through: one path, with all that it asks for. */
export const pageDoor = (method: string, url: string): string => `${method} ${url}`

/**
 * A service's own pages, for gateways alone: the browser's request comes with a statement over its whole body, which says whose address
 * it came from. Answers the list of them, once they are registered.
 */
export async function openPages(
  fastify: FastifyInstance,
  { routes, statements, log }: { readonly routes: FastifyPluginAsync; readonly statements: Statements; readonly log: Logger },
): Promise<readonly PagePath[]> {
  const paths: PagePath[] = []
  await fastify.register(async (scope) => {
    scope.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) paths.push({ method: one, url })
    })
    scope.addHook('preParsing', async (request, reply, payload) => {
      const body = await readWhole(payload)
      try {
        const { sender, asking } = statements.verify({ header: headerOf(request), door: pageDoor(request.method, request.url), body })
        if (sender !== GATEWAY || asking?.request.clientAddress !== request.ip) throw new StatementRefused('NOT_ALLOWED')
      } catch (error) {
        // Here rather than by the pages' own handler, whose answer would be a page.
        refuse(error as Error, request, reply, log)
      }
      return Readable.from(body.length > 0 ? [body] : [])
    })
    await scope.register(routes)
  })
  return paths
}

async function readWhole(payload: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of payload) {
    const bytes = Buffer.from(chunk)
    length += bytes.length
    if (length > BODY_BYTES_MAX) throw Object.assign(new Error('the body is too large'), { statusCode: 413 })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
