import type { Identity, Role } from '@ashlar/kit/caller'
import { OWN, scopesOfRole } from './scopes.js'

/** A session as its row has it. */
export interface Session {
  readonly id: string
  readonly accountId: string
  readonly client: string | null
  readonly scopes: readonly string[]
  readonly userAgent: string | null
  readonly ipAddress: string | null
  readonly createdAt: Date
  readonly authenticatedAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
}

/** A session with what an access token says of its owner, and the database's time. */
export interface OpenSession extends Session {
  readonly role: Role
  readonly generation: number
  readonly now: Date
}

/** What a session may do: an app's never bears its owner's role. */
export function identityOf({ id, accountId, role, client, scopes, authenticatedAt }: OpenSession): Identity {
  return {
    userId: accountId,
    role,
    credential: client === null ? 'session' : 'app',
    credentialId: id,
    scopes: client === null ? [OWN, ...scopesOfRole(role)] : scopes,
    authenticatedAt,
  }
}
