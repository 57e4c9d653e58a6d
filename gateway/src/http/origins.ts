import { isLoopback } from '@ashlar/kit/config'

export interface Origins {
  /** Whether CORS answers it: listed, the public address itself, or any loopback one where we listen on loopback. Never `null`. */
  allowed(origin: string): Promise<boolean>
  /** Whether a browser takes it for the same site as the public address, so that a strict cookie travels. */
  sameSite(origin: string, secFetchSite: string | undefined): boolean
}

export interface OriginsOptions {
  readonly publicUrl: URL
  /** The address that is listened on. */
  readonly host: string
  /** Asked each time, since the list may grow while it runs. */
  readonly allowedOrigins: () => Promise<ReadonlySet<string>> | ReadonlySet<string>
}

/** Who may call from a browser. */
export const origins = ({ publicUrl, host, allowedOrigins }: OriginsOptions): Origins => ({
  async allowed(origin) {
    const url = parseOrigin(origin)
    if (!url) return false
    if (origin === publicUrl.origin || (isLoopback(host) && isLoopback(url.hostname))) return true
    return (await allowedOrigins()).has(origin)
  },
  sameSite(origin, secFetchSite) {
    const url = parseOrigin(origin)
    if (!url) return false
    if (origin === publicUrl.origin) return true
    // A browser says it itself, and knows the public suffixes; what does not say it may be a subdomain or the same host.
    if (secFetchSite !== undefined) return secFetchSite === 'same-origin' || secFetchSite === 'same-site'
    const sameScheme = url.protocol === publicUrl.protocol
    return sameScheme && (url.hostname === publicUrl.hostname || url.hostname.endsWith(`.${publicUrl.hostname}`))
  },
})

/** Only what a browser would write: no path, no user, and not the opaque `null`. */
function parseOrigin(origin: string): URL | null {
  const url = URL.canParse(origin) ? new URL(origin) : null
  return url && url.origin === origin && url.origin !== 'null' ? url : null
}
