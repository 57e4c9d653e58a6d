import type { Caller } from '@ashlar/kit/caller'
import { Checks } from '@ashlar/kit/checks'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, conflict, forbidden, notFound } from '@ashlar/kit/errors'
import { checkText } from '@ashlar/kit/text'
import type { Account } from './account.js'
import { orConflict } from './constraints.js'
import { ownWriter } from './guards.js'
import { checkDisplayName, checkUsername } from './names.js'
import { takeUsername } from './new-accounts.js'
import { LOCK_ACCOUNT, RELEASE_USERNAME, UPDATE_PROFILE } from './sql/accounts.js'

const BIO_MAX = 2_000

/** A patch: what is absent stays, null clears. */
export interface ProfileInput {
  readonly username?: string | null | undefined
  readonly displayName?: string | null | undefined
  readonly bio?: string | null | undefined
  readonly avatarUrl?: string | null | undefined
}

/** What people show of themselves. */
export class Profiles {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** @throws BAD_USER_INPUT; CONFLICT with field for a taken username; FORBIDDEN for a guest's, which is made up */
  async update(caller: Caller, input: ProfileInput): Promise<Account> {
    const own = ownWriter(caller)
    const checks = new Checks()
    const { username, displayName, bio } = checks.pass({
      username: checks.run(() => unlessAbsent(input.username, 'username', (value) => checkUsername(value))),
      displayName: checks.run(() => unlessAbsent(input.displayName, 'displayName', (value) => checkDisplayName(value))),
      bio: checks.run(() => (typeof input.bio === 'string' ? checkText(input.bio, { path: ['input', 'bio'], max: BIO_MAX }) : null)),
    })
    return orConflict(
      this.deps.db.sqlTransaction(async (sql) => {
        const [account] = await sql.query<Account>(LOCK_ACCOUNT, [own])
        if (!account) throw notFound()
        const renamed = username !== null && username !== account.username
        if (renamed && account.role === 'GUEST') throw forbidden("A guest's username is made up.")
        if (renamed && !(await takeUsername(sql, username, own))) throw conflict({ field: 'username' })
        if (renamed) await sql.query(RELEASE_USERNAME, [account.username])
        const setsBio = input.bio !== undefined
        const setsAvatar = input.avatarUrl !== undefined
        const values = [own, username, displayName, setsBio, bio, setsAvatar, input.avatarUrl ?? null]
        const [updated] = await sql.query<Account>(UPDATE_PROFILE, values)
        return updated ?? account
      }),
    )
  }
}

/** null for what is absent. @throws BAD_USER_INPUT for null, where there is always something */
function unlessAbsent(value: string | null | undefined, name: string, check: (value: string) => string): string | null {
  if (value === undefined) return null
  if (value === null) throw badUserInput(['input', name], "can't be cleared")
  return check(value)
}
