import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { forbidden } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import type { Account } from './account.js'
import { orConflict } from './constraints.js'
import type { Ended, Endings } from './endings.js'
import { consumeToken, findToken, type LinkOwner, type MailToken, peekAtToken, spentLink } from './mail-tokens.js'
import { checkEmail } from './names.js'
import { insertAccount, turnGuest } from './new-accounts.js'
import type { OutgoingMail } from './outgoing-mail.js'
import type { OwnAccounts } from './own-account.js'
import type { SecondFactor } from './second-factor.js'
import { KEEP_USERNAME, LOCK_ACCOUNT, SET_VERIFIED_EMAIL } from './sql/accounts.js'
import { DROP_OPEN_LINKS } from './sql/endings.js'
import { type Pending, TAKE_PENDING } from './sql/sign-ups.js'
import type { Throttle } from './throttle.js'

const KIND = 'verify-email'

export interface EmailChangeInput {
  readonly email: string
  readonly currentPassword?: string | null | undefined
  readonly totpCode?: string | null | undefined
}

/** The addresses of accounts: confirmed, and changed. */
export class EmailAddresses {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly throttle: Throttle,
    private readonly ownAccounts: OwnAccounts,
    private readonly secondFactor: SecondFactor,
    private readonly mail: OutgoingMail,
    private readonly endings: Endings,
  ) {}

  /** Mails a link to the account's own address, unless that is verified. @throws FORBIDDEN without an address; RATE_LIMITED */
  async requestVerification(caller: Caller): Promise<void> {
    const { id, email, emailVerifiedAt } = await this.ownAccounts.read(caller)
    if (email === null) throw forbidden('This account has no e-mail address.')
    if (emailVerifiedAt) return
    await this.throttle.attempt('mail-request', caller.request.clientAddress)
    await this.throttle.foresee('mail', email.toLowerCase())
    await this.ask({ kind: 'verification', accountId: id, email })
  }

  /**
   * Mails a link to the new address, and a notice to the old one. Tells nothing of whether the address has an account.
   * @throws BAD_USER_INPUT for a missing or wrong password; TOTP_REQUIRED; UNAUTHENTICATED; RATE_LIMITED
   */
  async requestChange(caller: Caller, input: EmailChangeInput): Promise<void> {
    const account = await this.ownAccounts.read(caller)
    const email = checkEmail(input.email)
    await this.throttle.attempt('mail-request', caller.request.clientAddress)
    await this.ownAccounts.prove(account, input.currentPassword, ['input', 'currentPassword'])
    await this.secondFactor.check(account.id, input.totpCode)
    await this.ask({ kind: 'email-change', accountId: account.id, email })
  }

  /** Changes nothing. null for a link that is not valid, or no longer. */
  peek(token: string): Promise<LinkOwner | null> {
    return peekAtToken(this.deps.db, KIND, token)
  }

  /**
   * Has the address be the account's, verified; makes the account of a sign-up that waited for this.
   * @throws UNAUTHENTICATED for a link that is not valid, or no longer; CONFLICT with field where another has the address by now
   */
  async verify(caller: Caller, { token }: { readonly token: string }): Promise<void> {
    await this.throttle.attempt('token', caller.request.clientAddress)
    const ended = await orConflict(
      this.deps.db.sqlTransaction(async (sql) => {
        const found = await findToken(sql, KIND, token)
        return found.pendingSignUpId ? this.make(sql, caller, token, found.pendingSignUpId) : this.set(sql, caller, token, found)
      }),
    )
    this.endings.add(ended)
  }

  private async ask(request: Parameters<OutgoingMail['request']>[1]): Promise<void> {
    await this.mail.request(this.deps.db, request)
  }

  private async set(sql: Sql, caller: Caller, token: string, { accountId, email }: MailToken): Promise<Ended[]> {
    const [account] = await sql.query<Account>(LOCK_ACCOUNT, [accountId])
    await consumeToken(sql, KIND, token)
    if (!account || account.suspendedAt || email === null) throw spentLink()
    await sql.query(SET_VERIFIED_EMAIL, [account.id, email])
    // Links that went to the address of before open nothing any more.
    if (account.email !== email) await sql.query(DROP_OPEN_LINKS, [account.id])
    const action = account.email === email ? 'user.email-verify' : 'user.email-change'
    await writeAudit(sql, caller, { action, target: encodeId('user', account.id), actorId: account.id })
    return []
  }

  private async make(sql: Sql, caller: Caller, token: string, pendingSignUpId: string): Promise<Ended[]> {
    await consumeToken(sql, KIND, token)
    const [pending] = await sql.query<Pending>(TAKE_PENDING, [pendingSignUpId])
    if (!pending) throw spentLink()
    const { username, guestId } = pending
    const signUp = { ...pending, emailVerified: true }
    const turned = guestId ? await turnGuest(sql, guestId, signUp) : null
    const account = turned?.account ?? (await insertAccount(sql, pendingSignUpId, signUp))
    await sql.query(KEEP_USERNAME, [username, account.id])
    await writeAudit(sql, caller, { action: 'user.email-verify', target: encodeId('user', account.id), actorId: account.id })
    return [...(turned?.ended ?? [])]
  }
}
