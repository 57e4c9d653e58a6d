import type { Sql } from '@ashlar/database/sql'
import type { Ended } from './endings.js'
import { DROP_CODES, DROP_OPEN_LINKS, END_KEYS, END_SESSIONS } from './sql/endings.js'

/**
 * Ends all that opens an account: sessions, keys, codes and open links. Its row is locked before, so that what is opened at the same
 * time is either seen here or refused there. What comes back is for `Endings.add`, after the commit.
 */
export async function revokeAll(sql: Sql, accountId: string): Promise<Ended[]> {
  const sessions = await sql.query<Ended>(END_SESSIONS, [accountId, null])
  const keys = await sql.query<Ended>(END_KEYS, [accountId])
  await sql.query(DROP_CODES, [accountId])
  await sql.query(DROP_OPEN_LINKS, [accountId])
  return [...sessions, ...keys]
}
