import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { encodeId } from '@ashlar/kit/ids'
import { lockAdmins } from './admins.js'
import type { Ended, Endings } from './endings.js'
import type { OwnAccounts } from './own-account.js'
import { DELETE_ACCOUNT, DELETE_KEPT, RESERVE_USERNAME } from './sql/accounts.js'
import { END_ACCOUNT } from './sql/endings.js'
import { appendUserEvent } from './user-events.js'

/** The end of accounts. */
export class Deletions {
  constructor(
    private readonly deps: Pick<Deps, 'db' | 'events'>,
    private readonly ownAccounts: OwnAccounts,
    private readonly endings: Endings,
  ) {}

  /**
   * Erases the caller's account with all that hangs on it, and answers its id. The username stays reserved.
   * @throws BAD_USER_INPUT for a missing or wrong password; UNAUTHENTICATED; FORBIDDEN; CONFLICT for the last ADMIN
   */
  async deleteOwn(caller: Caller, password: string | null | undefined): Promise<string> {
    const account = await this.ownAccounts.read(caller)
    await this.ownAccounts.prove(account, password, ['input', 'password'])
    const ended = await this.deps.db.sqlTransaction(async (sql) => {
      const admins = await lockAdmins(sql)
      await this.ownAccounts.lockProved(sql, caller, account)
      admins.without(account.id)
      await sql.query(RESERVE_USERNAME, [account.id])
      await sql.query(DELETE_ACCOUNT, [account.id])
      await sql.query(DELETE_KEPT, [account.id])
      await writeAudit(sql, caller, { action: 'user.delete', target: encodeId('user', account.id) })
      const accountEnded = await sql.query<Ended>(END_ACCOUNT, [account.id])
      await appendUserEvent(this.deps.events, sql, 'user.deleted', account.id)
      return accountEnded
    })
    this.endings.add(ended)
    if (caller.request.refreshCookie) caller.reply.refreshCookie = null
    return account.id
  }
}
