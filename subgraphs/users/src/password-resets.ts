import type { Sql } from '@ashlar/database/sql'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import type { Account } from './account.js'
import type { Ended, Endings } from './endings.js'
import { consumeToken, findToken, type LinkOwner, peekAtToken, spentLink } from './mail-tokens.js'
import { checkEmail } from './names.js'
import type { OutgoingMail } from './outgoing-mail.js'
import { checkPassword, type Passwords } from './passwords.js'
import { revokeAll } from './revocations.js'
import type { SecondFactor } from './second-factor.js'
import type { Opened, Sessions, SignedIn } from './sessions.js'
import { LOCK_ACCOUNT, SET_PASSWORD, SET_VERIFIED_EMAIL } from './sql/accounts.js'
import type { Throttle } from './throttle.js'

const KIND = 'reset-password'

export interface ResetInput {
  readonly token: string
  readonly newPassword: string
  readonly totpCode?: string | null | undefined
}

/** New passwords for who has forgotten theirs. */
export class PasswordResets {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
    private readonly secondFactor: SecondFactor,
    private readonly mail: OutgoingMail,
    private readonly endings: Endings,
  ) {}

  /** Tells nothing of whether the address has an account. @throws RATE_LIMITED by the caller's address */
  async request(caller: Caller, input: { readonly email: string }): Promise<void> {
    const email = checkEmail(input.email)
    await this.throttle.attempt('mail-request', caller.request.clientAddress)
    await this.mail.request(this.deps.db, { kind: KIND, email })
  }

  /** Changes nothing. null for a link that is not valid, or no longer. */
  peek(token: string): Promise<LinkOwner | null> {
    return peekAtToken(this.deps.db, KIND, token)
  }

  /**
   * Sets the password, ends all that opened the account before, and signs in.
   * @throws UNAUTHENTICATED; BAD_USER_INPUT and TOTP_REQUIRED, which leave the token usable; RATE_LIMITED
   */
  async reset(caller: Caller, { token, newPassword, totpCode }: ResetInput): Promise<SignedIn> {
    const checked = checkPassword(newPassword, ['input', 'newPassword'])
    await this.throttle.attempt('token', caller.request.clientAddress)
    const { accountId } = await findToken(this.deps.db, KIND, token)
    if (!accountId) throw spentLink()
    await this.secondFactor.check(accountId, totpCode)
    const passwordHash = await this.passwords.hash(checked)
    const { opened, ended } = await this.deps.db.sqlTransaction((sql) => this.change(sql, caller, { token, accountId, passwordHash }))
    this.endings.add(ended)
    await this.throttle.guessed(accountId, 'username', 'email')
    return this.sessions.hand(caller, opened)
  }

  private async change(
    sql: Sql,
    caller: Caller,
    { token, accountId, passwordHash }: { readonly token: string; readonly accountId: string; readonly passwordHash: string },
  ): Promise<{ readonly opened: Opened; readonly ended: readonly Ended[] }> {
    const [account] = await sql.query<Account>(LOCK_ACCOUNT, [accountId])
    const { email } = await findToken(sql, KIND, token)
    await consumeToken(sql, KIND, token)
    await sql.query(SET_PASSWORD, [accountId, passwordHash])
    // Whoever has the link has the mailbox.
    if (email !== null && account?.email === email && !account.emailVerifiedAt) await sql.query(SET_VERIFIED_EMAIL, [accountId, email])
    const ended = await revokeAll(sql, accountId)
    return { opened: await this.sessions.open(sql, caller, accountId, { way: 'reset' }), ended }
  }
}
