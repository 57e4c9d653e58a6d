import type { Deps } from '@ashlar/kit/deps'
import { type Connection, type List, type PageArgs, pagesByParent } from '@ashlar/kit/paging'
import type { Session } from './session.js'
import { SESSION } from './sql/sessions.js'

const BY_OWNER: List = {
  name: 'sessions',
  columns: SESSION,
  from: 'session',
  where: 'session.account_id = parent.id and session.expires_at > clock()',
  values: [],
  order: [
    { sql: 'session.last_used_at', type: 'timestamptz', descending: true },
    { sql: 'session.id', type: 'uuid', descending: true },
  ],
}

/** Where people are signed in. */
export class SessionLists {
  constructor(private readonly deps: Pick<Deps, 'db'>) {}

  /** A page of each owner's sessions, latest used first, in one statement for all of them. */
  of(ownerIds: readonly string[], page: PageArgs): Promise<Connection<Session>[]> {
    return pagesByParent<Session>(this.deps.db, BY_OWNER, ownerIds, page)
  }
}
