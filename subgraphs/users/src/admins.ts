import type { Sql } from '@ashlar/database/sql'
import { conflict, forbidden } from '@ashlar/kit/errors'
import { LOCK_ADMINS } from './sql/accounts.js'

export interface Admins {
  /** @throws CONFLICT where there would be none left without this one */
  without(userId: string): void
  /** @throws FORBIDDEN for who is none, or not any more */
  include(userId: string): void
}

/**
 * Everybody who is ADMIN now, under lock: whatever takes one away comes after whatever took another, and counts anew. Locked before
 * any single account, by all who lock both.
 */
export async function lockAdmins(sql: Sql): Promise<Admins> {
  const ids = new Set((await sql.query<{ id: string }>(LOCK_ADMINS)).map(({ id }) => id))
  return {
    without(userId) {
      if (ids.has(userId) && ids.size === 1) throw conflict({ message: 'An instance has an ADMIN at all times: this is the last one.' })
    },
    include(userId) {
      if (!ids.has(userId)) throw forbidden()
    },
  }
}
