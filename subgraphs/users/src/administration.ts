import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller, Role } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, notFound } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import { checkText } from '@ashlar/kit/text'
import type { Account } from './account.js'
import { type Admins, lockAdmins } from './admins.js'
import type { Ended, Endings } from './endings.js'
import type { FreshSignIns } from './fresh-sign-ins.js'
import { revokeAll } from './revocations.js'
import { LOCK_ACCOUNT, SET_ROLE, SUSPEND, UNSUSPEND } from './sql/accounts.js'
import { CUT_TO_ROLE, END_GENERATION } from './sql/endings.js'
import { appendUserEvent } from './user-events.js'

const REASON_MAX = 2_000

interface Changed {
  readonly account: Account
  readonly ended: readonly Ended[]
}

/** Roles and suspensions, by who has users:admin and has signed in lately. */
export class Administration {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'events'>,
    private readonly freshSignIns: FreshSignIns,
    private readonly endings: Endings,
  ) {}

  /**
   * The sessions and keys stay; what they may do is cut at once to what the role gives, and what it gives more comes with the next token.
   * @throws NOT_FOUND; BAD_USER_INPUT for a guest, and for GUEST as a role; CONFLICT for the last ADMIN; FORBIDDEN; UNAUTHENTICATED
   */
  async setRole(caller: Caller, userId: string, role: Role): Promise<Account> {
    await this.freshSignIns.administrator(caller)
    if (role === 'GUEST') throw badUserInput(['input', 'role'], 'is none that an account can be given')
    return this.change(caller, userId, async (sql, account, admins) => {
      if (account.role === 'GUEST') throw badUserInput(['input', 'userId'], 'is a guest, who has to sign up first')
      if (account.role === role) return { account, ended: [] }
      if (role !== 'ADMIN') admins.without(userId)
      const changed = await one(sql.query<Account>(SET_ROLE, [userId, role]))
      const details = { from: account.role, to: role }
      await writeAudit(sql, caller, { action: 'user.role-change', target: encodeId('user', userId), details })
      return { account: changed, ended: await sql.query<Ended>(CUT_TO_ROLE, [userId]) }
    })
  }

  /** Suspending ends all that opens the account. @throws NOT_FOUND; BAD_USER_INPUT; CONFLICT for the last ADMIN; FORBIDDEN; UNAUTHENTICATED */
  async setSuspended(caller: Caller, userId: string, suspended: boolean, reason: string | null | undefined): Promise<Account> {
    await this.freshSignIns.administrator(caller)
    const checked = checkText(reason ?? '', { path: ['input', 'reason'], max: REASON_MAX }).trim() || null
    return this.change(caller, userId, async (sql, account, admins) => {
      const target = encodeId('user', userId)
      if (!suspended) {
        if (!account.suspendedAt) return { account, ended: [] }
        const reinstated = await one(sql.query<Account>(UNSUSPEND, [userId]))
        await writeAudit(sql, caller, { action: 'user.reinstate', target })
        await appendUserEvent(this.deps.events, sql, 'user.unsuspended', userId)
        return { account: reinstated, ended: [] }
      }
      admins.without(userId)
      const changed = await one(sql.query<Account>(SUSPEND, [userId, checked]))
      await writeAudit(sql, caller, { action: 'user.suspend', target })
      const ended = [...(await revokeAll(sql, userId)), ...(await sql.query<Ended>(END_GENERATION, [userId]))]
      if (!account.suspendedAt) await appendUserEvent(this.deps.events, sql, 'user.suspended', userId)
      return { account: changed, ended }
    })
  }

  private async change(
    caller: Caller,
    userId: string,
    work: (sql: Sql, account: Account, admins: Admins) => Promise<Changed>,
  ): Promise<Account> {
    const { account, ended } = await this.deps.db.sqlTransaction(async (sql) => {
      const admins = await lockAdmins(sql)
      const [found] = await sql.query<Account>(LOCK_ACCOUNT, [userId])
      if (!found) throw notFound()
      const changed = await work(sql, found, admins)
      // What the token says is up to 15 minutes old: of two who demote each other at once the second is no ADMIN any more.
      admins.include(caller.identity?.userId ?? '')
      return changed
    })
    this.endings.add(ended)
    return account
  }
}

const one = async <Row>(rows: Promise<readonly Row[]>): Promise<Row> => {
  const [row] = await rows
  if (!row) throw notFound()
  return row
}
