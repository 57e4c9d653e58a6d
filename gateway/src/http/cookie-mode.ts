import { forbidden } from '@ashlar/kit/errors'
import type { FastifyRequest } from 'fastify'
import type { Origins } from './origins.js'

/** Whether a request asks for its refresh token in the cookie rather than in sight of the page's scripts. */
export const isCookieMode = ({ headers }: FastifyRequest): boolean => headers['ashlar-session'] === 'cookie'

/**
 * A hook: what comes with a cookie must come from a page that may (security, Tokens). Before the body is read, so that nothing of
 * a request that another site made counts. @throws FORBIDDEN
 */
export const guardCookieMode = (origins: Origins) => async (request: FastifyRequest) => {
  if (!isCookieMode(request)) return
  const { origin, 'content-type': type = '', 'sec-fetch-site': site } = request.headers
  const json = /^application\/json\s*(;|$)/i.test(type)
  const sameSite = origin !== undefined && origins.sameSite(origin, Array.isArray(site) ? site[0] : site)
  if (json && sameSite && (await origins.allowed(origin))) return
  throw forbidden('Cookies are only for pages of a listed origin of the same site, and for application/json.')
}
