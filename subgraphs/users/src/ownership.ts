import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import { type Caller, callerOf, nobody } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { encodeId, newId } from '@ashlar/kit/ids'
import type { Account } from './account.js'
import { orConflict } from './constraints.js'
import type { Ended, Endings } from './endings.js'
import { spentLink } from './mail-tokens.js'
import { checkEmail, checkUsername, usernamesFor } from './names.js'
import { addAccount, insertAccount, takeUsername } from './new-accounts.js'
import type { OutgoingMail } from './outgoing-mail.js'
import { linkTo } from './pages/links.js'
import { checkPassword, type Passwords } from './passwords.js'
import { revokeAll } from './revocations.js'
import { hashOf, newSecret } from './secrets.js'
import type { Sessions, SignedIn } from './sessions.js'
import { HAS_ADMIN, SET_PASSWORD, SET_ROLE, SET_VERIFIED_EMAIL } from './sql/accounts.js'
import { END_GENERATION } from './sql/endings.js'
import { DROP_CLAIM, FIND_TOKEN, ISSUE_CLAIM, USE_TOKEN } from './sql/mail-tokens.js'
import { LOCK_HOLDER } from './sql/sign-ins.js'
import type { Throttle } from './throttle.js'

const LIFETIME_HOURS = 24

export interface ClaimInput {
  readonly token: string
  readonly username: string
  readonly email: string
  readonly password: string
}

/** The first ADMIN. The one row of the claim is what all who could make one wait at, so that there is no second. */
export class Ownership {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'config'>,
    private readonly passwords: Passwords,
    private readonly throttle: Throttle,
    private readonly sessions: Sessions,
    private readonly mail: OutgoingMail,
    private readonly endings: Endings,
  ) {}

  /** A new link to become the owner, good for 24 h; the one before dies. null where there is an ADMIN. Called once a start. */
  async link(): Promise<string | null> {
    const token = newSecret()
    const open = await this.deps.db.sqlTransaction((sql) => openClaim(sql, token))
    return open ? linkTo(this.deps.config.publicUrl, 'claim-ownership', token) : null
  }

  /** Whether the link would be taken now. Changes nothing. */
  async peek(token: string): Promise<boolean> {
    return (await this.deps.db.query(FIND_TOKEN, ['claim', hashOf(token)])).length > 0
  }

  /** @throws UNAUTHENTICATED for a link that is not valid, or no longer; BAD_USER_INPUT; CONFLICT with field; RATE_LIMITED */
  async claim(caller: Caller, input: ClaimInput): Promise<SignedIn> {
    const checks = new Checks()
    const { username, email, password } = checks.pass({
      username: checks.run(() => checkUsername(input.username)),
      email: checks.run(() => checkEmail(input.email)),
      password: checks.run(() => checkPassword(input.password)),
    })
    await this.throttle.attempt('token', caller.request.clientAddress)
    if (!(await this.peek(input.token))) throw spentLink()
    const passwordHash = await this.passwords.hash(password)
    const opened = await orConflict(
      this.deps.db.sqlTransaction(async (sql) => {
        const [used] = await sql.query(USE_TOKEN, ['claim', hashOf(input.token)])
        if (!used || (await hasAdmin(sql))) throw spentLink()
        const account = await addAccount(sql, { username, displayName: input.username, role: 'ADMIN', email, passwordHash })
        await auditClaim(sql, caller, account.id)
        await this.mail.request(sql, { kind: 'verification', accountId: account.id, email })
        return this.sessions.open(sql, caller, account.id, { way: 'ownership' })
      }),
    )
    return this.sessions.hand(caller, opened)
  }

  /**
   * For OWNER_EMAIL and OWNER_PASSWORD: makes the owner, or has the account with that address be it, under that password alone. Does
   * nothing, and answers false, where there is an ADMIN. @throws BAD_USER_INPUT
   */
  async claimUnattended(givenEmail: string, givenPassword: string): Promise<boolean> {
    const email = checkEmail(givenEmail, ['OWNER_EMAIL'])
    const password = checkPassword(givenPassword, ['OWNER_PASSWORD'])
    if (await hasAdmin(this.deps.db)) return false
    const passwordHash = await this.passwords.hash(password, ['OWNER_PASSWORD'])
    const ended = await this.deps.db.sqlTransaction(async (sql) => {
      if (!(await openClaim(sql, newSecret()))) return null
      await sql.query(DROP_CLAIM)
      const [holder] = await sql.query<Account>(LOCK_HOLDER, [email])
      const owner = holder ?? (await this.add(sql, email, passwordHash))
      await auditClaim(sql, callerOf(nobody(), 'users', 'write'), owner.id)
      return holder ? appoint(sql, holder.id, email, passwordHash) : []
    })
    this.endings.add(ended ?? [])
    return ended !== null
  }

  private async add(sql: Sql, email: string, passwordHash: string): Promise<Account> {
    const id = newId()
    for (const username of usernamesFor(email.replace(/@.*$/, ''), 'owner')) {
      if (await takeUsername(sql, username, id)) {
        return insertAccount(sql, id, { username, displayName: username, role: 'ADMIN', email, emailVerified: true, passwordHash })
      }
    }
    throw new Error('no username was free')
  }
}

/** Writes the one claim, and so waits for whoever else does; false, and no claim, where there is an ADMIN by then. */
async function openClaim(sql: Sql, token: string): Promise<boolean> {
  await sql.query(ISSUE_CLAIM, [newId(), hashOf(token), LIFETIME_HOURS])
  if (!(await hasAdmin(sql))) return true
  await sql.query(DROP_CLAIM)
  return false
}

async function hasAdmin(sql: Sql): Promise<boolean> {
  const [found] = await sql.query<{ hasAdmin: boolean }>(HAS_ADMIN)
  return found?.hasAdmin ?? false
}

// Whoever made the account before the owner came keeps nothing of it.
async function appoint(sql: Sql, accountId: string, email: string, passwordHash: string): Promise<Ended[]> {
  await sql.query(SET_ROLE, [accountId, 'ADMIN'])
  await sql.query(SET_PASSWORD, [accountId, passwordHash])
  await sql.query(SET_VERIFIED_EMAIL, [accountId, email])
  return [...(await revokeAll(sql, accountId)), ...(await sql.query<Ended>(END_GENERATION, [accountId]))]
}

const auditClaim = (sql: Sql, caller: Caller, accountId: string): Promise<void> =>
  writeAudit(sql, caller, { action: 'ownership.claim', target: encodeId('user', accountId), actorId: accountId })
