import type { Sql } from '@ashlar/database/sql'
import type { Role } from '@ashlar/kit/caller'
import { conflict } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import type { Account } from './account.js'
import type { Ended } from './endings.js'
import {
  ADD_ACCOUNT,
  DROP_EXPIRED_USERNAME,
  LOCK_ACCOUNT,
  RELEASE_USERNAME,
  TAKE_USERNAME,
  TURN_GUEST_INTO_ACCOUNT,
} from './sql/accounts.js'
import { END_GENERATION } from './sql/endings.js'

export interface NewAccount {
  readonly username: string
  readonly displayName: string
  readonly role?: Role
  readonly email?: string | null
  readonly emailVerified?: boolean
  readonly passwordHash?: string | null
  readonly key?: Uint8Array | null
  readonly fingerprint?: Uint8Array | null
}

/** Takes a name for an account, or for some hours for a sign-up that waits; the first of any number at once gets it. */
export async function takeUsername(sql: Sql, username: string, accountId: string | null, hours: number | null = null): Promise<boolean> {
  await sql.query(DROP_EXPIRED_USERNAME, [username])
  return (await sql.query(TAKE_USERNAME, [username, accountId, hours])).length > 0
}

/** The account's row, whose name is taken already. A taken address breaks a constraint (`orConflict`). */
export async function insertAccount(sql: Sql, id: string, account: NewAccount): Promise<Account> {
  const { username, displayName, role = 'USER', email, emailVerified = false, passwordHash, key, fingerprint } = account
  const values = [id, username, displayName, role, email ?? null, emailVerified, passwordHash ?? null, key ?? null, fingerprint ?? null]
  const [added] = await sql.query<Account>(ADD_ACCOUNT, values)
  if (!added) throw new Error('an account was not written')
  return added
}

/** A new account under a name of its own. @throws CONFLICT for a taken name */
export async function addAccount(sql: Sql, account: NewAccount): Promise<Account> {
  const id = newId()
  if (!(await takeUsername(sql, account.username, id))) throw conflict({ field: 'username' })
  return insertAccount(sql, id, account)
}

/** A guest as the account that it becomes, with what ends by it; null where it is no guest any more. Its new name is taken already. */
export async function turnGuest(
  sql: Sql,
  guestId: string,
  { username, displayName, email, emailVerified = false, passwordHash, fingerprint }: NewAccount,
): Promise<{ readonly account: Account; readonly ended: readonly Ended[] } | null> {
  const [guest] = await sql.query<Account>(LOCK_ACCOUNT, [guestId])
  const values = [guestId, username, displayName, email ?? null, emailVerified, passwordHash ?? null, fingerprint ?? null]
  const [account] = await sql.query<Account>(TURN_GUEST_INTO_ACCOUNT, values)
  if (!guest || !account) return null
  await sql.query(RELEASE_USERNAME, [guest.username])
  return { account, ended: await sql.query<Ended>(END_GENERATION, [guestId]) }
}
