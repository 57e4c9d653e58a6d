import { createHash } from 'node:crypto'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { unauthenticated } from '@ashlar/kit/errors'
import type { Account } from './account.js'
import { demoMaySignIn } from './demo.js'
import { isLogin } from './names.js'
import type { OpenIdClaims } from './openid/claims.js'
import type { OpenId } from './openid.js'
import type { OpenIdAccounts } from './openid-accounts.js'
import type { Passwords } from './passwords.js'
import type { SecondFactor } from './second-factor.js'
import type { Sessions, SignedIn, SignInOptions } from './sessions.js'
import { FIND_BY_EMAIL, FIND_BY_USERNAME } from './sql/sign-ins.js'
import { type Counted, networkOf, type Throttle } from './throttle.js'

export interface PasswordInput {
  readonly login: string
  readonly password: string
  readonly totpCode?: string | null | undefined
}

export interface IdTokenInput {
  readonly provider: string
  readonly idToken: string
  readonly nonce?: string | null | undefined
  readonly totpCode?: string | null | undefined
}

type Found = Account & { readonly known: boolean }

/** Signing in with a password, or as whom an OpenID provider says. */
export class SignIns {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
    private readonly secondFactor: SecondFactor,
    private readonly openId: OpenId,
    private readonly openIdAccounts: OpenIdAccounts,
  ) {}

  /**
   * The same work and the same answer whether the account is unknown or the password wrong, up to the throttle's delay.
   * @throws UNAUTHENTICATED; TOTP_REQUIRED; RATE_LIMITED
   */
  async withPassword(caller: Caller, { login, password, totpCode }: PasswordInput): Promise<SignedIn> {
    const { clientAddress } = caller.request
    const by = login.includes('@') ? 'email' : 'username'
    const { account, subject } = await this.find(by, login, clientAddress)
    // An address that has signed in to it before is not put off by what others guess, and does not have theirs forgotten.
    if (!account?.known) await this.throttle.guess(by, subject)
    const right = await this.passwords.matches(account?.passwordHash, password)
    if (!account || !right || !this.maySignIn(account)) throw refused()
    if (!account.known) await this.throttle.guessed(subject, by)
    return this.finish(caller, account, totpCode, { way: 'password', passwordHash: account.passwordHash })
  }

  /**
   * @throws BAD_USER_INPUT for an unknown provider; UNAUTHENTICATED; TOTP_REQUIRED; FORBIDDEN where sign-ups are closed; RATE_LIMITED;
   * SUBGRAPH_UNAVAILABLE
   */
  async withIdToken(caller: Caller, { provider, idToken, nonce, totpCode }: IdTokenInput): Promise<SignedIn> {
    await this.throttle.attempt('token', caller.request.clientAddress)
    return this.withClaims(caller, await this.openId.verifyIdToken(provider, idToken, nonce), totpCode)
  }

  /** For claims that OpenId has checked. @throws UNAUTHENTICATED; TOTP_REQUIRED; FORBIDDEN where sign-ups are closed; RATE_LIMITED */
  async withClaims(caller: Caller, claims: OpenIdClaims, totpCode?: string | null): Promise<SignedIn> {
    const account = await this.openIdAccounts.accountFor(claims, caller.request.clientAddress)
    if (!this.maySignIn(account)) throw refused()
    return this.finish(caller, account, totpCode, { way: 'openid' })
  }

  private async finish(caller: Caller, account: Account, totpCode: string | null | undefined, options: SignInOptions): Promise<SignedIn> {
    if (account.totpEnabled) await this.secondFactor.check(account.id, totpCode)
    return this.sessions.signIn(caller, account.id, options)
  }

  /**
   * Whose a login is, and as whose guesses at it are counted: of what is nobody's, by the same letters that would have found it. Counts the
   * attempt of whoever is at the address in the same statement. @throws RATE_LIMITED
   */
  private async find(by: 'username' | 'email', login: string, address: string): Promise<{ account: Found | null; subject: string }> {
    if (!isLogin(login)) {
      await this.throttle.attempt('sign-in', address)
      return { account: null, subject: hashOf(login) }
    }
    const statement = by === 'email' ? FIND_BY_EMAIL : FIND_BY_USERNAME
    const values = [login, networkOf(address), ...this.throttle.counting('sign-in', address)]
    const [row] = await this.deps.db.query<Counted & { login: string } & (Found | { id: null })>(statement, values)
    if (!row) throw new Error('a look-up answered nothing')
    this.throttle.pass('sign-in', row)
    return row.id === null ? { account: null, subject: hashOf(row.login) } : { account: row, subject: row.id }
  }

  private maySignIn({ suspendedAt, demo }: Account): boolean {
    return suspendedAt === null && (!demo || demoMaySignIn(this.deps.config))
  }
}

const hashOf = (login: string): string => createHash('sha256').update(login).digest('base64url')

const refused = () => unauthenticated({ message: 'This sign-in is not valid.' })
