import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { encodeId } from '@ashlar/kit/ids'
import type { Ended, Endings } from './endings.js'
import type { OwnAccounts } from './own-account.js'
import { checkPassword, type Passwords } from './passwords.js'
import { SET_PASSWORD } from './sql/accounts.js'
import { DROP_CODES, DROP_OPEN_LINKS, END_SESSIONS } from './sql/endings.js'

export interface PasswordChangeInput {
  readonly currentPassword?: string | null | undefined
  readonly newPassword: string
}

/** A new password for who is signed in. */
export class PasswordChanges {
  constructor(
    private readonly deps: Pick<Deps, 'db'>,
    private readonly passwords: Passwords,
    private readonly ownAccounts: OwnAccounts,
    private readonly endings: Endings,
  ) {}

  /** Ends every other session, and what was mailed or handed out meanwhile. @throws BAD_USER_INPUT; UNAUTHENTICATED; FORBIDDEN; RATE_LIMITED */
  async change(caller: Caller, { currentPassword, newPassword }: PasswordChangeInput): Promise<void> {
    const account = await this.ownAccounts.read(caller)
    const checked = checkPassword(newPassword, ['input', 'newPassword'])
    await this.ownAccounts.prove(account, currentPassword, ['input', 'currentPassword'])
    const passwordHash = await this.passwords.hash(checked)
    const ended = await this.deps.db.sqlTransaction(async (sql) => {
      await this.ownAccounts.lockProved(sql, caller, account)
      await sql.query(SET_PASSWORD, [account.id, passwordHash])
      await sql.query(DROP_CODES, [account.id])
      await sql.query(DROP_OPEN_LINKS, [account.id])
      await writeAudit(sql, caller, { action: 'user.password-change', target: encodeId('user', account.id) })
      return sql.query<Ended>(END_SESSIONS, [account.id, caller.identity?.credentialId])
    })
    this.endings.add(ended)
  }
}
