import type { Sql } from '@ashlar/database/sql'
import type { Deps } from '@ashlar/kit/deps'
import type { Account } from './account.js'
import { demoMaySignIn } from './demo.js'
import type { Mail } from './mail/words.js'
import { issueToken, type NewToken } from './mail-tokens.js'
import { type LinkedPage, linkTo } from './pages/links.js'
import { ACCOUNT_BY_EMAIL, ACCOUNTS_BY_ID } from './sql/accounts.js'
import { PENDING_BY_ID } from './sql/sign-ups.js'
import type { Throttle } from './throttle.js'

/** What somebody asked for; whether anything is mailed is decided later. */
export type MailRequest =
  /** A sign-up that waits for its address to be confirmed. */
  | { readonly kind: 'sign-up'; readonly pendingSignUpId: string; readonly email: string }
  /** The address that an account has. */
  | { readonly kind: 'verification'; readonly accountId: string; readonly email: string }
  | { readonly kind: 'email-change'; readonly accountId: string; readonly email: string }
  | { readonly kind: 'reset-password' | 'sign-in-link'; readonly email: string }

/** A mail, and about which account or sign-up it is. */
export interface Letter {
  readonly mail: Mail
  readonly about: string
}

type LinkedMail = Extract<Mail, { readonly link: string }>

/** Decides what is mailed upon a request. */
export class MailRequests {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly throttle: Throttle,
  ) {}

  /** Counts a mail to the address; false for one too many, which is nobody's to hear of. */
  mayMail({ email }: MailRequest): Promise<boolean> {
    return this.throttle.allows('mail', email.toLowerCase())
  }

  /** Makes the token that the mail bears, in the transaction that asks for the mail. */
  async lettersFor(sql: Sql, request: MailRequest): Promise<Letter[]> {
    switch (request.kind) {
      case 'sign-up':
        return this.confirmSignUp(sql, request)
      case 'verification':
        return this.verifyAddress(sql, request)
      case 'email-change':
        return this.changeAddress(sql, request)
      case 'reset-password':
      case 'sign-in-link':
        return this.open(sql, request)
    }
  }

  private async confirmSignUp(sql: Sql, { pendingSignUpId, email }: MailRequest & { kind: 'sign-up' }): Promise<Letter[]> {
    const [pending] = await sql.query<{ username: string }>(PENDING_BY_ID, [pendingSignUpId])
    if (!pending) return []
    const holder = await this.holderOf(sql, email)
    if (holder) return [addressTaken(holder)]
    return [
      await this.link(sql, 'verify-email', 'confirm-email', pending.username, { kind: 'verify-email', email, of: { pendingSignUpId } }),
    ]
  }

  private async verifyAddress(sql: Sql, { accountId, email }: MailRequest & { kind: 'verification' }): Promise<Letter[]> {
    const account = await this.account(sql, accountId)
    if (account?.email !== email || account.emailVerifiedAt) return []
    return [await this.link(sql, 'verify-email', 'confirm-email', account.username, { kind: 'verify-email', email, of: { accountId } })]
  }

  private async changeAddress(sql: Sql, { accountId, email }: MailRequest & { kind: 'email-change' }): Promise<Letter[]> {
    const account = await this.account(sql, accountId)
    if (!account) return []
    const letters: Letter[] = []
    if (account.email !== null && (await this.throttle.allows('notice', account.email.toLowerCase(), sql))) {
      const mail: Mail = { kind: 'email-change-notice', to: account.email, username: account.username, newEmail: email }
      letters.push({ mail, about: accountId })
    }
    const holder = await this.holderOf(sql, email)
    if (holder && holder.id !== accountId) return [...letters, addressTaken(holder)]
    const token: NewToken = { kind: 'verify-email', email, of: { accountId } }
    return [...letters, await this.link(sql, 'email-change', 'confirm-email', account.username, token)]
  }

  private async open(sql: Sql, { kind, email }: MailRequest & { kind: 'reset-password' | 'sign-in-link' }): Promise<Letter[]> {
    const account = await this.holderOf(sql, email)
    if (!account || account.suspendedAt || (account.demo && !demoMaySignIn(this.deps.config))) return []
    // To the address as the account has it, not as it was typed.
    return [await this.link(sql, kind, kind, account.username, { kind, email: account.email ?? email, of: { accountId: account.id } })]
  }

  private async link(sql: Sql, kind: LinkedMail['kind'], page: LinkedPage, username: string, token: NewToken): Promise<Letter> {
    const link = linkTo(this.deps.config.publicUrl, page, await issueToken(sql, token))
    const about = 'accountId' in token.of ? token.of.accountId : token.of.pendingSignUpId
    return { mail: { kind, to: token.email, username, link }, about }
  }

  private async account(sql: Sql, id: string): Promise<Account | null> {
    const [account] = await sql.query<Account>(ACCOUNTS_BY_ID, [[id]])
    return account?.suspendedAt ? null : (account ?? null)
  }

  private async holderOf(sql: Sql, email: string): Promise<Account | null> {
    const [account] = await sql.query<Account>(ACCOUNT_BY_EMAIL, [email])
    return account ?? null
  }
}

const addressTaken = ({ id, username, email }: Account): Letter => ({
  mail: { kind: 'address-taken', to: email ?? '', username },
  about: id,
})
