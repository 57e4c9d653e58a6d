import { randomUUID } from 'node:crypto'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { AshlarError, forbidden, internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { FastifyRequest } from 'fastify'
import type { GatewayContext } from '../context.js'
import { narrowScopes } from './narrow-scopes.js'
import type { Origins } from './origins.js'
import type { RefreshCookie } from './refresh-cookie.js'

/**
 * Verifies a request's `Authorization`; null where there is none. Throws UNAUTHENTICATED for a token or key that is expired,
 * revoked or malformed.
 */
export type Authenticate = (authorization: string | undefined) => Promise<Identity | null>

export interface AskingOptions {
  readonly authenticate: Authenticate
  readonly origins: Origins
  readonly cookie: RefreshCookie
  /** The names of all services. */
  readonly services: () => ReadonlySet<string>
  readonly log: Logger
}

/** Who asks, from where, and with what; a refused credential is kept until it is known whether the operation minds. */
export async function askingOf(request: FastifyRequest, options: AskingOptions): Promise<GatewayContext> {
  const { headers } = request
  const cookieMode = headers['ashlar-session'] === 'cookie'
  if (cookieMode) await checkCookieMode(request, options.origins)
  const found = await identityOf(request, options)
  const asking: Asking = {
    identity: found.identity,
    request: {
      id: randomUUID(),
      clientAddress: request.ip,
      userAgent: headers['user-agent']?.slice(0, 500) ?? null,
      origin: headers.origin ?? null,
      cookieMode,
      refreshCookie: cookieMode ? options.cookie.read(headers.cookie) : null,
    },
    reply: {},
  }
  return { asking, refused: found.refused }
}

async function checkCookieMode({ headers }: FastifyRequest, origins: Origins) {
  const { origin } = headers
  const fetchSite = headers['sec-fetch-site']
  const site = Array.isArray(fetchSite) ? fetchSite[0] : fetchSite
  const json = /^application\/json\b/i.test(headers['content-type'] ?? '')
  if (json && origin && origins.sameSite(origin, site) && (await origins.allowed(origin))) return
  throw forbidden('Cookies are only for pages of a listed origin of the same site, and for application/json.')
}

async function identityOf({ headers }: FastifyRequest, { authenticate, services, log }: AskingOptions) {
  try {
    const identity = await authenticate(headers.authorization)
    const scopes = headers['ashlar-scopes']
    const narrowed = identity && narrowScopes(identity, Array.isArray(scopes) ? scopes.join(' ') : scopes, services())
    return { identity: narrowed, refused: null }
  } catch (error) {
    if (error instanceof AshlarError) return { identity: null, refused: error }
    const masked = internalServerError(randomUUID())
    log.error({ err: error, errorId: masked.extensions.errorId }, 'a credential could not be checked')
    return { identity: null, refused: masked }
  }
}
