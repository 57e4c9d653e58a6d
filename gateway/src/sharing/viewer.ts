import type { Asking } from '@ashlar/kit/caller'

/** Whom an answer is for (security.md, Sharing and caching). */
export interface Viewer {
  /** Whose writes it has to show; null for nobody that could be told from others. */
  readonly person: string | null
  /** The same with all that an answer may differ by: the credential, what it may do, and what services are told of the client's headers. */
  readonly key: string
}

const NOBODY: Viewer = { person: null, key: '' }

/** Who asks, for sharing: answers cross between those alone who are the same to every service. */
export function viewerOf({ identity, forwarded }: Asking): Viewer {
  const headers = forwarded ? Object.entries(forwarded) : []
  if (!identity && headers.length === 0) return NOBODY
  const told = headers.length === 0 ? '' : JSON.stringify(headers)
  if (!identity) return { person: told, key: told }
  const { userId, role, credential, credentialId, scopes, authenticatedAt } = identity
  return { person: userId, key: JSON.stringify([userId, role, credential, credentialId, scopes, authenticatedAt, told]) }
}
