/** By which a browser knows this machine. Not every `*.localhost`: a namespace of its own may be there. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/**
 * Whether a page of this origin is one of the instance's own. Where the public address is this machine's, that is any of its names,
 * at the one port. The public address alone decides, so that every process says the same.
 */
export function isOwnOrigin(origin: string, publicUrl: URL): boolean {
  if (origin === publicUrl.origin) return true
  if (!LOOPBACK_NAMES.includes(publicUrl.hostname) || !URL.canParse(origin)) return false
  const { origin: written, protocol, hostname, port } = new URL(origin)
  // Only as a browser writes it: in lower case, without a slash at its end.
  return written === origin && protocol === publicUrl.protocol && port === publicUrl.port && LOOPBACK_NAMES.includes(hostname)
}

/** For whom a session is that is asked for with this `Origin`: null for the instance's own pages and for what sends none. */
export const clientOf = (origin: string | null, publicUrl: URL): string | null =>
  origin === null || isOwnOrigin(origin, publicUrl) ? null : origin
