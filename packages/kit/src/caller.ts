import type { Trace } from './tracing/trace.js'

export type Role = 'GUEST' | 'USER' | 'MODERATOR' | 'ADMIN'

/** Who bears a credential, and what it may do, as verified once at the public door. */
export interface Identity {
  /** The user's uuid. */
  readonly userId: string
  readonly role: Role
  /** A full session, an app's session, or an API key. */
  readonly credential: 'session' | 'app' | 'key'
  /** The uuid of the session or key. */
  readonly credentialId: string
  /** `own` (all that is the user's own), `posts:read`, `posts:write` (which reads too), `users:admin`, … */
  readonly scopes: readonly string[]
  /** When a person last proved who they are; null for a key. */
  readonly authenticatedAt: Date | null
}

export interface RequestInfo {
  readonly id: string
  /** The address of the client, past trusted proxies. */
  readonly clientAddress: string
  readonly userAgent: string | null
  readonly origin: string | null
  /** Asked for with `Ashlar-Session: cookie`, from an origin that may. */
  readonly cookieMode: boolean
  /** The refresh token that came in the cookie. */
  readonly refreshCookie: string | null
}

/** Hears for how long, and for whom, each answer of a service holds. */
export interface CacheHints {
  /** @param cacheControl as in HTTP (RFC 9111); undefined where the service does not say. @param age its seconds so far, as in HTTP */
  answered(cacheControl: string | undefined, age?: string | undefined): void
}

/** What a service asks the public door to send along with the answer. */
export interface Reply {
  readonly hints?: CacheHints
  /** Sets the refresh token's cookie; null clears it. */
  refreshCookie?: { readonly value: string; readonly expiresAt: Date } | null
}

/** What the gateway hands to a subgraph with each fetch. */
export interface Asking {
  readonly identity: Identity | null
  readonly request: RequestInfo
  readonly reply: Reply
  /** Headers of the client's for services that read them, where a gateway is told to pass them on. In no statement. */
  readonly forwarded?: Readonly<Record<string, string>>
  /** What it is told under, where it is. In no statement. */
  readonly trace?: Trace
}

/** Who asks, as one service sees it. */
export interface Caller {
  /**
   * As whom the user's own things are opened in this service; null for nobody, and for a credential that does not reach them,
   * so that `row.ownerId === caller.userId` is the whole of a check.
   */
  readonly userId: string | null
  /** The plain truth of who it is, whatever the credential may open. */
  readonly identity: Identity | null
  readonly request: RequestInfo
  readonly reply: Reply
  /** Whether the credential bears a role's scope such as `posts:moderate`. */
  may(scope: string): boolean
}

/** Whether a credential opens its user's own things in a service, for reading or for writing. */
export function opensOwn(identity: Identity | null, service: string, access: 'read' | 'write'): boolean {
  if (!identity) return false
  const { scopes } = identity
  return scopes.includes('own') || scopes.includes(`${service}:write`) || (access === 'read' && scopes.includes(`${service}:read`))
}

/** The caller of one operation on one service. */
export function callerOf(asking: Asking, service: string, access: 'read' | 'write'): Caller {
  const { identity, request, reply } = asking
  return {
    identity,
    request,
    reply,
    userId: identity && opensOwn(identity, service, access) ? identity.userId : null,
    may: (scope) => identity?.scopes.includes(scope) ?? false,
  }
}

/** For jobs and pages' plumbing: nobody, from nowhere. */
export const nobody = (request: Partial<RequestInfo> = {}): Asking => ({
  identity: null,
  request: {
    id: 'internal',
    clientAddress: '127.0.0.1',
    userAgent: null,
    origin: null,
    cookieMode: false,
    refreshCookie: null,
    ...request,
  },
  reply: {},
})
