import type { Reply } from '@ashlar/kit/caller'
import { isLoopback } from './origins.js'

export interface RefreshCookie {
  /** The token in a request's `Cookie` header; null without one. */
  read(header: string | undefined): string | null
  /** The `Set-Cookie` header that keeps the token, or clears it. */
  write(token: NonNullable<Reply['refreshCookie']> | null): string
}

/** The cookie that holds a refresh token. On http, which only loopback may have, it bears the port, since cookies don't. */
export function refreshCookie(publicUrl: URL): RefreshCookie {
  const plain = publicUrl.protocol === 'http:' && isLoopback(publicUrl.hostname)
  const name = plain ? `ashlar-${publicUrl.port || '80'}` : '__Host-ashlar'
  const attributes = `Path=/; HttpOnly; SameSite=Strict${plain ? '' : '; Secure'}`
  return {
    read(header = '') {
      const pair = header.split(/;\s*/).find((part) => part.startsWith(`${name}=`))
      return pair?.slice(name.length + 1) || null
    },
    write: (token) =>
      token
        ? `${name}=${token.value}; ${attributes}; Expires=${token.expiresAt.toUTCString()}`
        : `${name}=; ${attributes}; Expires=${new Date(0).toUTCString()}`,
  }
}
