import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import type { Caller } from '@ashlar/kit/caller'
import { badUserInput, unauthenticated } from '@ashlar/kit/errors'
import type { Account } from './account.js'
import { fullSession } from './guards.js'
import type { Passwords } from './passwords.js'
import { LOCK_OWN_ACCOUNT, READ_OWN_ACCOUNT } from './sql/accounts.js'
import type { Throttle } from './throttle.js'

/** How long after signing in an account without a password may be changed without one. */
const WITHOUT_PASSWORD_SECONDS = 10 * 60

/** The account of whoever asks, and when they last proved who they are. */
export interface OwnAccount extends Account {
  readonly authenticatedAt: Date
  readonly secondsSinceSignIn: number
}

/** The account of whoever asks, for what changes its credentials or itself. */
export class OwnAccounts {
  constructor(
    private readonly db: ServiceDatabase,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
  ) {}

  /** For a full session alone. @throws UNAUTHENTICATED; FORBIDDEN for apps and keys */
  read(caller: Caller): Promise<OwnAccount> {
    return this.one(this.db, caller, READ_OWN_ACCOUNT)
  }

  /** The same under its lock, in a transaction; whatever ends the session meanwhile has this refuse. */
  lock(sql: Sql, caller: Caller): Promise<OwnAccount> {
    return this.one(sql, caller, LOCK_OWN_ACCOUNT)
  }

  /**
   * Has whoever asks prove again that it is their account: by its password, or without one by a sign-in of the last 10 minutes.
   * @throws BAD_USER_INPUT for a missing or wrong password; UNAUTHENTICATED with `reauthenticate`; RATE_LIMITED
   */
  async prove(account: OwnAccount, password: string | null | undefined, path: readonly string[]): Promise<void> {
    if (account.passwordHash === null) {
      if (account.secondsSinceSignIn > WITHOUT_PASSWORD_SECONDS) throw unauthenticated({ reauthenticate: true })
      return
    }
    if (password === null || password === undefined) throw badUserInput(path, 'is needed')
    await this.throttle.guess('own', account.id)
    if (!(await this.passwords.matches(account.passwordHash, password))) throw badUserInput(path, 'is not the password of this account')
    await this.throttle.guessed(account.id, 'own')
  }

  /** The account under its lock, with the password that was proved before. @throws UNAUTHENTICATED where it has another one by now */
  async lockProved(sql: Sql, caller: Caller, proved: OwnAccount): Promise<OwnAccount> {
    const account = await this.lock(sql, caller)
    if (account.passwordHash !== proved.passwordHash) throw unauthenticated({ reauthenticate: true })
    return account
  }

  private async one(sql: Sql, caller: Caller, statement: string): Promise<OwnAccount> {
    const { userId, credentialId } = fullSession(caller)
    const [account] = await sql.query<OwnAccount>(statement, [userId, credentialId])
    if (!account) throw unauthenticated()
    return account
  }
}
