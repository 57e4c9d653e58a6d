import type { Deps } from '@ashlar/kit/deps'
import type { Family } from '@ashlar/kit/metrics'
import { inTime } from '@ashlar/kit/metrics/in-time'
import type { Services } from './services.js'

/** Of this service, and of each gateway that is a process of its own. */
export const revocationLag: Family = {
  name: 'ashlar_revocation_lag_seconds',
  help: 'How long ago it was last read which sessions, keys and users have ended.',
  type: 'gauge',
}
const hashesRunning: Family = { name: 'ashlar_password_hashes_running', help: 'Passwords that are hashed now.', type: 'gauge' }
const hashesWaiting: Family = {
  name: 'ashlar_password_hashes_waiting',
  help: 'Passwords that wait to be hashed; beyond 100 sign-ins are RATE_LIMITED.',
  type: 'gauge',
}

/** How long a scrape waits for a reading that is due. */
const FRESH_MS = 1_000

/** Has a scrape tell what is this service's own. */
export function measureUsers(
  { passwords, endings }: Pick<Services, 'passwords' | 'endings'>,
  { metrics }: { readonly metrics: Pick<Deps['metrics'], 'value'> },
): void {
  metrics.value(hashesRunning, () => passwords.running)
  metrics.value(hashesWaiting, () => passwords.waiting)
  metrics.value(revocationLag, async () => {
    // Here it is read when somebody comes: where nobody has, a scrape does, so that what it tells is whether it could be read.
    await inTime(endings.fresh(), FRESH_MS).catch(() => {})
    return endings.ageMs() / 1_000
  })
}
