import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { unauthenticated } from '@ashlar/kit/errors'
import { administrator } from './guards.js'

/** $1 session. No row where it has ended. */
const SECONDS_SINCE_SIGN_IN = `
  select extract(epoch from clock() - authenticated_at)::float8 as seconds from session where id = $1 and expires_at > clock()`

const FRESH_SECONDS = 60 * 60

/** Whether a person signed in lately, by the database's clock; the kit has asked the process's before. */
export class FreshSignIns {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** A key with users:admin, or a full session signed in within the hour. @throws FORBIDDEN; UNAUTHENTICATED with `reauthenticate` */
  async administrator(caller: Caller): Promise<void> {
    const { credential } = administrator(caller)
    if (credential !== 'key') await this.require(caller)
  }

  /** A full session signed in within the hour. @throws UNAUTHENTICATED with `reauthenticate` */
  async require({ identity }: Caller): Promise<void> {
    const [session] =
      identity?.credential === 'session'
        ? await this.deps.db.query<{ seconds: number }>(SECONDS_SINCE_SIGN_IN, [identity.credentialId])
        : []
    if (!session || session.seconds >= FRESH_SECONDS) throw unauthenticated({ reauthenticate: true })
  }
}
