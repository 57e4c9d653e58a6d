import { randomUUID } from 'node:crypto'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { AshlarError, internalServerError } from '@ashlar/kit/errors'
import type { Logger } from '@ashlar/kit/log'
import type { HostCookie } from '@ashlar/kit/session-cookie'
import type { FastifyRequest } from 'fastify'
import { AnswerFacts } from '../caching/answer-facts.js'
import type { GatewayContext } from '../context.js'
import { isCookieMode } from './cookie-mode.js'
import { narrowScopes } from './narrow-scopes.js'
import { requestIdOf } from './request-id.js'

/**
 * Verifies a request's `Authorization`; null where there is none. Throws UNAUTHENTICATED for a token or key that is expired,
 * revoked or malformed.
 */
export type Authenticate = (authorization: string | undefined) => Promise<Identity | null>

export interface AskingOptions {
  readonly authenticate: Authenticate
  /** The cookie of pages of this origin, which none of another can have us read or write. */
  readonly cookieOf: (origin: string | null) => HostCookie
  /** Headers of the client's that are passed on, in lower case. */
  readonly forwardedHeaders?: readonly string[] | undefined
  /** The names of all services. */
  readonly services: () => ReadonlySet<string>
  readonly log: Logger
}

/** The context of a request of HTTP's. */
export interface RequestContext extends GatewayContext {
  readonly facts: AnswerFacts
}

const USER_AGENT_MAX = 500

/** What a client shows of who comes, in headers or in a message. */
export interface Shown {
  readonly authorization: string | undefined
  /** The scopes that it is to be narrowed to. */
  readonly scopes: string | undefined
}

/** Where somebody comes from, whoever they are. */
export type From = Omit<Asking, 'identity' | 'reply'>

/** Who asks, from where, and with what; a refused credential is kept until it is known whether the operation minds. */
export async function askingOf(request: FastifyRequest, options: AskingOptions): Promise<RequestContext> {
  const from = comingFrom(request, options)
  const facts = new AnswerFacts()
  const { identity, refused } = await identityOf(shownBy(request), from.request.id, options)
  return { asking: { identity, reply: { hints: facts }, ...from }, refused, facts }
}

/** What a request's headers show. */
export function shownBy({ headers }: FastifyRequest): Shown {
  const scopes = headers['ashlar-scopes']
  return { authorization: headers.authorization, scopes: Array.isArray(scopes) ? scopes.join(' ') : scopes }
}

/** Where a request comes from. */
export function comingFrom(
  request: FastifyRequest,
  { cookieOf, forwardedHeaders }: Pick<AskingOptions, 'cookieOf' | 'forwardedHeaders'>,
): From {
  const { headers } = request
  const cookieMode = isCookieMode(request)
  const origin = headers.origin ?? null
  return {
    request: {
      id: requestIdOf(request),
      clientAddress: request.ip,
      userAgent: headers['user-agent']?.slice(0, USER_AGENT_MAX) ?? null,
      origin,
      cookieMode,
      refreshCookie: cookieMode ? cookieOf(origin).parse(headers.cookie) : null,
    },
    ...(forwardedHeaders && { forwarded: forwarded(request, forwardedHeaders) }),
  }
}

function forwarded({ headers }: FastifyRequest, names: readonly string[]): Record<string, string> {
  const given = names.flatMap((name) => {
    const value = headers[name]
    return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const]
  })
  return Object.fromEntries(given)
}

async function identityOf({ authorization, scopes }: Shown, requestId: string, { authenticate, services, log }: AskingOptions) {
  try {
    const identity = await authenticate(authorization)
    return { identity: identity && narrowScopes(identity, scopes, services()), refused: null }
  } catch (error) {
    if (error instanceof AshlarError) return { identity: null, refused: error }
    const masked = internalServerError(randomUUID())
    log.error({ err: error, requestId, errorId: masked.extensions.errorId }, 'a credential could not be checked')
    return { identity: null, refused: masked }
  }
}
