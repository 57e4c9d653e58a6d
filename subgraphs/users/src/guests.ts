import type { Caller } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { conflict, forbidden } from '@ashlar/kit/errors'
import { checkIdempotencyKey, hashOfInput } from '@ashlar/kit/idempotency'
import type { Account } from './account.js'
import { brokenConstraint } from './constraints.js'
import { checkDisplayName, guestUsername } from './names.js'
import { addAccount } from './new-accounts.js'
import { hashOf } from './secrets.js'
import type { Sessions, SignedIn } from './sessions.js'
import { FORGET_GUEST_KEY, GUEST_BY_KEY } from './sql/accounts.js'
import type { Throttle } from './throttle.js'

/** Who knows a guest's key can sign in as the guest: it has to be one that nobody guesses. */
const KEY_MIN = 32
const NAMELESS = 'Guest'

export interface GuestInput {
  readonly displayName?: string | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** Accounts without credentials, each on one device alone. */
export class Guests {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
  ) {}

  /** @throws FORBIDDEN where the instance has no guests; BAD_USER_INPUT; CONFLICT for a key with other input; RATE_LIMITED */
  async signIn(caller: Caller, input: GuestInput): Promise<SignedIn> {
    if (this.deps.config.signUps !== 'guests') throw forbidden('This instance has no guests.')
    const checks = new Checks()
    const { displayName, key } = checks.pass({
      displayName: checks.run(() => checkDisplayName(input.displayName ?? NAMELESS)),
      key: checks.run(() => (typeof input.idempotencyKey === 'string' ? hashOf(checkIdempotencyKey(input.idempotencyKey, KEY_MIN)) : null)),
    })
    await this.throttle.attempt('guest', caller.request.clientAddress)
    const fingerprint = hashOfInput({ displayName })
    return (await this.repeated(caller, key, fingerprint)) ?? this.make(caller, displayName, key, fingerprint)
  }

  private async make(caller: Caller, displayName: string, key: Buffer | null, fingerprint: Buffer): Promise<SignedIn> {
    try {
      const opened = await this.deps.db.sqlTransaction(async (sql) => {
        if (key) await sql.query(FORGET_GUEST_KEY, [key])
        const guest = await addAccount(sql, { username: guestUsername(), displayName, role: 'GUEST', key, fingerprint })
        return this.sessions.open(sql, caller, guest.id, { way: 'guest' })
      })
      return await this.sessions.hand(caller, opened)
    } catch (error) {
      // Of two at once with one key the second comes here, once the first is committed.
      const repeated = brokenConstraint(error) === 'account_guest_key' ? await this.repeated(caller, key, fingerprint) : null
      if (!repeated) throw error
      return repeated
    }
  }

  private async repeated(caller: Caller, key: Buffer | null, fingerprint: Buffer): Promise<SignedIn | null> {
    if (!key) return null
    const [guest] = await this.deps.db.query<Account & { fingerprint: Uint8Array }>(GUEST_BY_KEY, [key])
    if (!guest) return null
    if (!fingerprint.equals(guest.fingerprint)) throw conflict({ field: 'idempotencyKey', message: 'This key came with other input.' })
    return this.sessions.signIn(caller, guest.id, { way: 'guest' })
  }
}
