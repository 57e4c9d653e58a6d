import type { Asking, Identity, RequestInfo, Role } from '../caller.js'
import { newId } from '../ids.js'

const SCOPES: Readonly<Record<Role, readonly string[]>> = {
  GUEST: [],
  USER: [],
  MODERATOR: ['comments:moderate', 'posts:moderate', 'tags:moderate'],
  ADMIN: [
    ...['comments:moderate', 'posts:moderate', 'tags:moderate', 'users:admin', 'services:read', 'services:admin'],
    ...['webhooks:admin', 'chat:admin', 'location:admin', 'feeds:admin'],
  ],
}

export interface AskingOptions {
  readonly userId?: string
  readonly role?: Role
  readonly credential?: Identity['credential']
  /** Instead of those of the role. */
  readonly scopes?: readonly string[]
  readonly authenticatedAt?: Date | null
  readonly request?: Partial<RequestInfo>
}

/** Somebody who is signed in, as the gateway would hand them to a subgraph. */
export function askingAs(options: AskingOptions = {}): Asking {
  const { userId = newId(), role = 'USER', credential = 'session', authenticatedAt = credential === 'key' ? null : new Date() } = options
  const scopes = options.scopes ?? ['own', ...(credential === 'session' ? SCOPES[role] : [])]
  return { identity: { userId, role, credential, credentialId: newId(), scopes, authenticatedAt }, ...unsigned(options.request) }
}

/** Nobody: a request without a credential. */
export const askingAsNobody = (request: Partial<RequestInfo> = {}): Asking => ({ identity: null, ...unsigned(request) })

const unsigned = (request: Partial<RequestInfo> = {}): Pick<Asking, 'request' | 'reply'> => ({
  request: { id: newId(), clientAddress: '127.0.0.1', userAgent: 'test', origin: null, cookieMode: false, refreshCookie: null, ...request },
  reply: {},
})
