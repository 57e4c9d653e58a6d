import { createHash } from 'node:crypto'
import { isLoopback } from './config.js'

/** A cookie's name and attributes at one public address, for what only the server reads. */
export interface HostCookie {
  readonly name: string
  /** The value of `Set-Cookie`; without an end the browser forgets it when it is closed. */
  serialize(value: string, expiresAt: Date | null): string
  /** The value of `Set-Cookie` that has the browser forget it. */
  clear(): string
  /** The cookie's value in a request's `Cookie` header; null without one. */
  parse(header: string | undefined): string | null
}

/**
 * A cookie of this host alone: `__Host-ashlar…`, HttpOnly and Secure. On http, which only loopback may have, it bears the port
 * instead, since cookies don't tell ports apart.
 */
export function hostCookie(publicUrl: URL, sameSite: 'Strict' | 'Lax', purpose = ''): HostCookie {
  const plain = publicUrl.protocol === 'http:' && isLoopback(publicUrl.hostname)
  const suffix = purpose && `-${purpose}`
  const name = plain ? `ashlar-${publicUrl.port || '80'}${suffix}` : `__Host-ashlar${suffix}`
  const attributes = `Path=/; HttpOnly; SameSite=${sameSite}${plain ? '' : '; Secure'}`
  const serialize = (value: string, expiresAt: Date | null) =>
    `${name}=${value}; ${attributes}${expiresAt ? `; Expires=${expiresAt.toUTCString()}` : ''}`
  return {
    name,
    serialize,
    clear: () => serialize('', new Date(0)),
    parse(header = '') {
      const pair = header.split(/;\s*/).find((part) => part.startsWith(`${name}=`))
      return pair?.slice(name.length + 1) || null
    },
  }
}

/**
 * The cookie that holds the refresh token of the session that is for this client (`clientOf`): `__Host-ashlar` for the instance's own
 * pages, and one that bears its mark for each other origin. A browser sends the cookies of this host along whatever page of the same
 * site asks, so a name alone keeps their sessions apart: none is handed another's, and signing in to one does not overwrite another's.
 * Strict: a link on another site never sends it.
 */
export const sessionCookie = (publicUrl: URL, client: string | null): HostCookie =>
  hostCookie(publicUrl, 'Strict', client === null ? '' : markOf(client))

const markOf = (client: string): string => createHash('sha256').update(client).digest('base64url').slice(0, 16)
