import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RequestFault } from './request-fault.js'

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads bodies of JSON, and of nothing else: whatever else is sent is 415. Keys such as `__proto__` stay what they were sent as,
 * own properties that no lookup follows, so that the service that is given them can say what is wrong with them.
 */
export function readJsonBodies(fastify: FastifyInstance, nesting: number) {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, async ({ headers }: FastifyRequest, body: Buffer) => {
    const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1]
    if (charset && !/^utf-?8$/i.test(charset)) throw new RequestFault(415, 'JSON is UTF-8.')
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new RequestFault(415, 'Bodies are read as they are, not compressed.')
    return parseJson(body, nesting)
  })
}

function parseJson(body: Buffer, nesting: number): unknown {
  if (depthOf(body) > nesting) throw new RequestFault(400, `The body nests deeper than ${nesting} levels.`, 'BAD_USER_INPUT')
  try {
    return JSON.parse(UTF8.decode(body))
  } catch {
    throw new RequestFault(400, 'The body is not JSON in UTF-8.')
  }
}

const BYTE = { quote: 0x22, backslash: 0x5c, openBracket: 0x5b, closeBracket: 0x5d, openBrace: 0x7b, closeBrace: 0x7d }

/** How deep brackets stand within each other: whatever recurses over a body would overflow the stack on some thousands. */
export function depthOf(body: Buffer): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index]
    if (quoted) {
      if (byte === BYTE.backslash) index += 1
      else if (byte === BYTE.quote) quoted = false
    } else if (byte === BYTE.quote) quoted = true
    else if (byte === BYTE.openBracket || byte === BYTE.openBrace) {
      depth += 1
      if (depth > deepest) deepest = depth
    } else if (byte === BYTE.closeBracket || byte === BYTE.closeBrace) depth -= 1
  }
  return deepest
}
