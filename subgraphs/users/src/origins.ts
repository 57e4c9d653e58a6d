import type { Config } from '@ashlar/kit/config'
import { isLoopback } from '@ashlar/kit/config'

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** Whether a page of this origin is one of the instance's own. On loopback it answers to several names, at one port. */
export function isOwnOrigin(origin: string, { publicUrl, host, port }: Pick<Config, 'publicUrl' | 'host' | 'port'>): boolean {
  if (origin === publicUrl.origin) return true
  if (!isLoopback(host) || !URL.canParse(origin)) return false
  const { protocol, hostname, port: given } = new URL(origin)
  return protocol === 'http:' && LOOPBACK_NAMES.includes(hostname) && Number(given || 80) === port
}

/** For whom a session is that is asked for with this `Origin`: null for the instance's own pages and for what sends none. */
export const clientOf = (origin: string | null, config: Pick<Config, 'publicUrl' | 'host' | 'port'>): string | null =>
  origin === null || isOwnOrigin(origin, config) ? null : origin
