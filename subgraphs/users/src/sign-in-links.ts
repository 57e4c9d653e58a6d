import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { consumeToken, findToken, type LinkOwner, peekAtToken, spentLink } from './mail-tokens.js'
import { checkEmail } from './names.js'
import type { OutgoingMail } from './outgoing-mail.js'
import type { SecondFactor } from './second-factor.js'
import type { Sessions, SignedIn } from './sessions.js'
import type { Throttle } from './throttle.js'

const KIND = 'sign-in-link'

/** Signing in by a link that was mailed. */
export class SignInLinks {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
    private readonly secondFactor: SecondFactor,
    private readonly mail: OutgoingMail,
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

  /** @throws UNAUTHENTICATED; TOTP_REQUIRED, which leaves the token usable; RATE_LIMITED */
  async signIn(
    caller: Caller,
    { token, totpCode }: { readonly token: string; readonly totpCode?: string | null | undefined },
  ): Promise<SignedIn> {
    await this.throttle.attempt('token', caller.request.clientAddress)
    const { accountId } = await findToken(this.deps.db, KIND, token)
    if (!accountId) throw spentLink()
    await this.secondFactor.check(accountId, totpCode)
    const opened = await this.deps.db.sqlTransaction(async (sql) => {
      // The account first, as whatever revokes its links locks it: two that lock in two orders wait for each other for ever.
      const session = await this.sessions.open(sql, caller, accountId, { way: 'link' })
      await consumeToken(sql, KIND, token)
      return session
    })
    return this.sessions.hand(caller, opened)
  }
}
