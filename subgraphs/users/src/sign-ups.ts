import { createHash } from 'node:crypto'
import type { Sql } from '@ashlar/database/sql'
import type { Caller, Identity } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { AshlarError, conflict, forbidden, totpRequired, unauthenticated } from '@ashlar/kit/errors'
import { checkIdempotencyKey, hashOfInput } from '@ashlar/kit/idempotency'
import { newId } from '@ashlar/kit/ids'
import type { Account } from './account.js'
import { orConflict } from './constraints.js'
import type { Ended, Endings } from './endings.js'
import { checkDisplayName, checkEmail, checkUsername } from './names.js'
import { addAccount, type NewAccount, takeUsername, turnGuest } from './new-accounts.js'
import type { OutgoingMail } from './outgoing-mail.js'
import { checkPassword, type Passwords } from './passwords.js'
import type { Opened, Sessions, SignedIn } from './sessions.js'
import { SIGNED_UP_LATELY } from './sql/accounts.js'
import { ADD_PENDING, PENDING_LATELY } from './sql/sign-ups.js'
import type { Throttle } from './throttle.js'

/** How long a sign-up waits for its address to be confirmed; its mail's token lives as long. */
const PENDING_HOURS = 24

export interface SignUpInput {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly displayName?: string | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** A sign-up that was checked, with its password hashed. */
type CheckedSignUp = NewAccount & { readonly email: string; readonly passwordHash: string; readonly fingerprint: Buffer | null }

/** How people's accounts come to be. */
export class SignUps {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
    private readonly mail: OutgoingMail,
    private readonly endings: Endings,
  ) {}

  /**
   * Makes an account and signs it in; a guest who calls becomes the account. null where the address has to be confirmed first.
   * @throws BAD_USER_INPUT; CONFLICT with field; FORBIDDEN where sign-ups are closed, and for keys and apps but a guest's; RATE_LIMITED;
   * TOTP_REQUIRED for a repeat whose account has a second factor by now
   */
  async signUp(caller: Caller, input: SignUpInput): Promise<SignedIn | null> {
    const guest = this.permitted(caller)
    const checks = new Checks()
    const { username, email, displayName, password, key } = checks.pass({
      username: checks.run(() => checkUsername(input.username)),
      email: checks.run(() => checkEmail(input.email)),
      displayName: checks.run(() => (typeof input.displayName === 'string' ? checkDisplayName(input.displayName) : input.username)),
      password: checks.run(() => checkPassword(input.password)),
      key: checks.run(() => (typeof input.idempotencyKey === 'string' ? checkIdempotencyKey(input.idempotencyKey) : null)),
    })
    await this.throttle.attempt('sign-up', caller.request.clientAddress)
    const passwordHash = await this.passwords.hash(password)
    const fingerprint = key === null ? null : fingerprintOf(key, { username, email, displayName })
    const signUp: CheckedSignUp = { username, email, displayName, passwordHash, fingerprint }
    try {
      return await (this.deps.config.confirmEmail ? this.wait(signUp, guest) : this.make(caller, signUp, guest))
    } catch (error) {
      const taken = error instanceof AshlarError && error.code === 'CONFLICT' && error.extensions.field === 'username'
      const repeated = taken && fingerprint ? await this.repeated(caller, username, fingerprint, password) : undefined
      if (repeated === undefined) throw error
      return repeated
    }
  }

  /** The guest who asks to become an account, or null. */
  private permitted({ identity }: Caller): Identity | null {
    if (this.deps.config.signUps === 'closed') throw forbidden('This instance takes no sign-ups.')
    if (identity?.credential === 'key') throw forbidden('A key makes no accounts.')
    if (identity?.role === 'GUEST') return identity
    if (identity?.credential === 'app') throw forbidden('An app may not change or make accounts.')
    return null
  }

  private async make(caller: Caller, signUp: CheckedSignUp, guest: Identity | null): Promise<SignedIn> {
    const { opened, ended } = await orConflict(
      this.deps.db.sqlTransaction(async (sql) => {
        const made = guest ? await this.turn(sql, caller, guest, signUp) : await this.add(sql, caller, signUp)
        await this.mail.request(sql, { kind: 'verification', accountId: made.account.id, email: signUp.email })
        return made
      }),
    )
    this.endings.add(ended)
    return this.sessions.hand(caller, opened)
  }

  private async add(sql: Sql, caller: Caller, signUp: CheckedSignUp): Promise<Made> {
    const account = await addAccount(sql, signUp)
    return { account, ended: [], opened: await this.sessions.open(sql, caller, account.id, { way: 'sign-up' }) }
  }

  private async turn(sql: Sql, caller: Caller, guest: Identity, signUp: CheckedSignUp): Promise<Made> {
    if (!(await takeUsername(sql, signUp.username, guest.userId))) throw conflict({ field: 'username' })
    const turned = await turnGuest(sql, guest.userId, signUp)
    if (!turned) throw unauthenticated()
    return { ...turned, opened: await this.sessions.renew(sql, caller, guest, 'sign-up') }
  }

  /**
   * Keeps the sign-up until its address is confirmed. One whose address has an account is kept just the same, so that nobody learns
   * of it, not from a name that stays free either; only that account's owner is told.
   */
  private async wait({ username, email, displayName, passwordHash, fingerprint }: CheckedSignUp, guest: Identity | null): Promise<null> {
    await this.deps.db.sqlTransaction(async (sql) => {
      if (!(await takeUsername(sql, username, null, PENDING_HOURS))) throw conflict({ field: 'username' })
      const id = newId()
      await sql.query(ADD_PENDING, [id, username, email, displayName, passwordHash, guest?.userId ?? null, fingerprint, PENDING_HOURS])
      await this.mail.request(sql, { kind: 'sign-up', pendingSignUpId: id, email })
    })
    return null
  }

  /** What the same sign-up came to a moment ago, for who knows its password; undefined where there was none. */
  private async repeated(caller: Caller, username: string, fingerprint: Buffer, password: string): Promise<SignedIn | null | undefined> {
    const { db } = this.deps
    const [account] = await db.query<Account>(SIGNED_UP_LATELY, [username, fingerprint])
    if (account) {
      if (!(await this.passwords.matches(account.passwordHash, password))) return undefined
      // Turned on since: key and password alone no longer prove enough, and `signIn` takes the code.
      if (account.totpEnabled) throw totpRequired()
      const { identity } = caller
      if (identity?.userId !== account.id) {
        return this.sessions.signIn(caller, account.id, { way: 'sign-up', passwordHash: account.passwordHash })
      }
      return this.sessions.hand(caller, await db.sqlTransaction((sql) => this.sessions.renew(sql, caller, identity, 'sign-up')))
    }
    const [pending] = await db.query<{ passwordHash: string }>(PENDING_LATELY, [username, fingerprint, PENDING_HOURS])
    return pending && (await this.passwords.matches(pending.passwordHash, password)) ? null : undefined
  }
}

interface Made {
  readonly account: Account
  readonly opened: Opened
  readonly ended: readonly Ended[]
}

/** Of key and input, but not of the password: what is kept must not help to guess it. */
const fingerprintOf = (key: string, input: object): Buffer =>
  createHash('sha256').update(key).update('\0').update(hashOfInput(input)).digest()
