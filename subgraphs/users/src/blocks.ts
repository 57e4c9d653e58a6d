import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { badUserInput, notFound } from '@ashlar/kit/errors'
import { type Connection, type PageArgs, pageOf } from '@ashlar/kit/paging'
import type { Account } from './account.js'
import { ownWriter } from './guards.js'
import { ACCOUNTS_BY_ID } from './sql/accounts.js'
import { BLOCK, blockedList, UNBLOCK } from './sql/people.js'

/** Who is not to find or reach whom. */
export class Blocks {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** Passes where they are blocked already. @throws BAD_USER_INPUT for oneself; NOT_FOUND */
  async block(caller: Caller, userId: string): Promise<void> {
    const own = ownWriter(caller)
    if (userId === own) throw badUserInput(['input', 'userId'], 'is your own')
    const [found] = await this.deps.db.query<Account>(ACCOUNTS_BY_ID, [[userId]])
    if (!found) throw notFound()
    await this.deps.db.query(BLOCK, [own, userId])
  }

  /** Passes where they are not blocked. */
  async unblock(caller: Caller, userId: string): Promise<void> {
    await this.deps.db.query(UNBLOCK, [ownWriter(caller), userId])
  }

  /** Whom somebody has blocked, latest first. */
  list(ownerId: string, page: PageArgs): Promise<Connection<Account>> {
    return pageOf<Account>(this.deps.db, blockedList(ownerId), page)
  }
}
