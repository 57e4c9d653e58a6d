import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { forbidden } from '@ashlar/kit/errors'
import { type Connection, type PageArgs, pageOf } from '@ashlar/kit/paging'
import { checkText } from '@ashlar/kit/text'
import type { Account } from './account.js'
import { signedIn } from './guards.js'
import { isLogin } from './names.js'
import { ACCOUNT_BY_USERNAME, ACCOUNTS_BY_ID } from './sql/accounts.js'
import { newestList, searchList } from './sql/people.js'

const SEARCH_MAX = 200

/** The people of the instance as others find them. Who is suspended is still there for readers. */
export class People {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** In one statement; in any order. */
  byIds(ids: readonly string[]): Promise<Account[]> {
    return this.deps.db.query<Account>(ACCOUNTS_BY_ID, [ids])
  }

  async byUsername(username: string): Promise<Account | null> {
    if (!isLogin(username)) return null
    const [account] = await this.deps.db.query<Account>(ACCOUNT_BY_USERNAME, [username])
    return account ?? null
  }

  /** By a prefix of their username or display name, best match first; without one all of them, newest first, for users:admin. */
  async find(
    caller: Caller,
    { search, ...page }: PageArgs & { readonly search?: string | null | undefined },
  ): Promise<Connection<Account>> {
    const { userId } = signedIn(caller)
    const prefix = checkText(search ?? '', { path: ['search'], max: SEARCH_MAX })
      .trim()
      .normalize('NFC')
    if (prefix !== '') return pageOf<Account>(this.deps.db, searchList(userId, prefix), page)
    if (!caller.may('users:admin')) throw forbidden('Without a search this needs users:admin.')
    return pageOf<Account>(this.deps.db, newestList(userId), page)
  }
}
