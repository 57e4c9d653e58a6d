import type { Deps } from '@ashlar/kit/deps'
import type { FastifyPluginAsync } from 'fastify'
import type { Services } from '../services.js'
import { ASSETS } from './assets.js'
import { houseOf } from './house.js'
import { readForms, refuseBadRequests, setHeaders } from './http.js'
import { openLinked, sendLinked } from './linked-pages.js'
import { openRequest, passwordReset, sendRequest, signInLink } from './mail-requests.js'
import { claimOwnership, confirmEmail, resetPassword, signInByLink } from './mailed-links.js'
import { beginOpenId, finishOpenId } from './openid-pages.js'
import { giveSecondFactor } from './second-factor.js'
import { type Handler, serve } from './serve.js'
import { openSignIn, sendSignIn, sendSignOut, toSignIn } from './sign-in.js'
import { openSignUp, sendSignUp } from './sign-up.js'

/** A page's path, what a GET shows, and what its form does. */
type Route = readonly [path: string, get: Handler, post: Handler | null]

const ROUTES: readonly Route[] = [
  ['/sign-in', openSignIn, sendSignIn],
  ['/sign-out', toSignIn, sendSignOut],
  ['/sign-up', openSignUp, sendSignUp],
  ['/second-factor', toSignIn, giveSecondFactor],
  ['/request-sign-in-link', openRequest(signInLink), sendRequest(signInLink)],
  ['/request-password-reset', openRequest(passwordReset), sendRequest(passwordReset)],
  ['/sign-in-link', openLinked(signInByLink), sendLinked(signInByLink)],
  ['/reset-password', openLinked(resetPassword), sendLinked(resetPassword)],
  ['/confirm-email', openLinked(confirmEmail), sendLinked(confirmEmail)],
  ['/claim-ownership', openLinked(claimOwnership), sendLinked(claimOwnership)],
  ['/sign-in/:provider(^[a-z0-9]+$)', beginOpenId, null],
  ['/sign-in/:provider(^[a-z0-9]+$)/callback', finishOpenId, null],
]

/** The plain pages for what a printed or mailed link opens, and for signing in. They need no script but to read a link's fragment. */
export const pagesRoutes = (services: Services, deps: Deps): FastifyPluginAsync => {
  const house = houseOf(services, deps)
  return async (fastify) => {
    readForms(fastify)
    setHeaders(fastify)
    refuseBadRequests(fastify, house)
    for (const [path, get, post] of ROUTES) {
      // Quiet: a request's log line would have the codes of the providers.
      fastify.get(path, { logLevel: 'warn' }, serve(house, get))
      if (post) fastify.post(path, serve(house, post))
    }
    for (const { path, type, content } of ASSETS) {
      fastify.get(path, (_, reply) => reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(content))
    }
  }
}
