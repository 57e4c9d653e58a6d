import type { IncomingHttpHeaders } from 'node:http'
import { isOwnOrigin } from '@ashlar/kit/own-origin'

/**
 * Whether a form was sent from a page of our own, as far as the browser says. With `no-referrer` it writes `Origin: null` even of our
 * own forms (Fetch, 3.2), so `Sec-Fetch-Site` goes first. What sends neither is no browser that could be tricked.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: URL): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  return headers.origin === undefined || isOwnOrigin(headers.origin, publicUrl)
}
