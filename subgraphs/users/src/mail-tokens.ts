import type { Sql } from '@ashlar/database/sql'
import { unauthenticated } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import { maskEmail } from './names.js'
import { hashOf, newSecret } from './secrets.js'
import { FIND_TOKEN, IS_LIVE, ISSUE_FOR_ACCOUNT, ISSUE_FOR_SIGN_UP, USE_TOKEN } from './sql/mail-tokens.js'

/** What a mailed link does, and for how many minutes it can. */
const LIFETIME_MINUTES = { 'sign-in-link': 15, 'reset-password': 60, 'verify-email': 24 * 60 } as const

export type MailTokenKind = keyof typeof LIFETIME_MINUTES

export interface MailToken {
  readonly id: string
  readonly accountId: string | null
  readonly pendingSignUpId: string | null
  readonly email: string | null
  readonly username: string
}

/** Whom a mailed link is for, so that its page can name the account before anybody acts. */
export interface LinkOwner {
  readonly username: string
  /** The address that the mail went to, as its owner knows it: a***@example.com. */
  readonly email: string
}

export interface NewToken {
  readonly kind: MailTokenKind
  readonly email: string
  readonly of: { readonly accountId: string } | { readonly pendingSignUpId: string }
}

/** Makes the newest token of its kind, whose hash alone is kept; the one before is worth nothing from now on. */
export async function issueToken(sql: Sql, { kind, email, of }: NewToken): Promise<string> {
  const token = newSecret()
  const [statement, owner] = 'accountId' in of ? [ISSUE_FOR_ACCOUNT, of.accountId] : [ISSUE_FOR_SIGN_UP, of.pendingSignUpId]
  await sql.query(statement, [newId(), kind, owner, email, hashOf(token), LIFETIME_MINUTES[kind]])
  return token
}

/** Whether a token opens anything, of whatever kind. */
export const isLive = async (sql: Sql, token: string): Promise<boolean> => (await sql.query(IS_LIVE, [hashOf(token)])).length > 0

/** Whose token it is, without using it. @throws UNAUTHENTICATED */
export async function findToken(sql: Sql, kind: MailTokenKind, token: string): Promise<MailToken> {
  const [found] = await sql.query<MailToken>(FIND_TOKEN, [kind, hashOf(token)])
  if (!found) throw spentLink()
  return found
}

/** Uses a token up; of two at once one does. @throws UNAUTHENTICATED for the other */
export async function consumeToken(sql: Sql, kind: MailTokenKind, token: string): Promise<void> {
  const [used] = await sql.query(USE_TOKEN, [kind, hashOf(token)])
  if (!used) throw spentLink()
}

/** Changes nothing. null for a link that is not valid, or no longer. */
export async function peekAtToken(sql: Sql, kind: MailTokenKind, token: string): Promise<LinkOwner | null> {
  const [found] = await sql.query<MailToken>(FIND_TOKEN, [kind, hashOf(token)])
  return found ? { username: found.username, email: maskEmail(found.email ?? '') } : null
}

export const spentLink = () => unauthenticated({ message: 'This link is not valid, or no longer.' })
