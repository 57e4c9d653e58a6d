import type { Asking } from '@ashlar/kit/caller'

/** As whom the gateway asks for itself. */
export const NOBODY: Asking = {
  identity: null,
  request: { id: 'gateway', clientAddress: '127.0.0.1', userAgent: null, origin: null, cookieMode: false, refreshCookie: null },
  reply: {},
}
