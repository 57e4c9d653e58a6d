import type { Sql } from '@ashlar/database/sql'
import { seal, unseal } from './sealing.js'
import { hashOf, newSecret } from './secrets.js'
import type { OpenSession } from './session.js'
import { LOCK_SESSION_OF_TOKEN, READ_TOKEN, ROTATE } from './sql/sessions.js'

const PURPOSE = 'refresh successor'

interface Token {
  readonly successorHash: Uint8Array | null
  readonly successorSealed: Uint8Array | null
  readonly successorUsed: boolean
  /** More than 10 s after the successor's first use. */
  readonly late: boolean
}

export interface Presented {
  readonly token: string
  readonly userAgent: string | null
  readonly clientAddress: string
  /** Whether accounts of the demo may go on. */
  readonly demo: boolean
  /** Whether a session that is for this client may be renewed by whoever presents the token. */
  readonly mayRenew: (client: string | null) => boolean
}

/** What came of presenting a refresh token; `session` is whose it was. */
export type Refreshed =
  | { readonly outcome: 'renewed'; readonly session: OpenSession; readonly refreshToken: string }
  | { readonly outcome: 'unknown' }
  /** By a replay in good time, or by a page of another origin: the session goes on as it was. */
  | { readonly outcome: 'refused' | 'foreign'; readonly session: OpenSession }
  /** The session is past its time, or the token was stolen or kept for too long: whoever calls ends the session with all its tokens. */
  | { readonly outcome: 'expired' | 'replayed'; readonly session: OpenSession }

/**
 * Swaps a refresh token for its successor, under the session's lock. Only hashes are stored; the successor is sealed with a key that
 * the presented token gives, so that whoever presents it again, having lost the answer, gets the same one, and nobody can who reads
 * the table. An outcome is returned, never thrown: a revocation has to be committed.
 */
export async function rotate(sql: Sql, { token: presented, userAgent, clientAddress, demo, mayRenew }: Presented): Promise<Refreshed> {
  const hash = hashOf(presented)
  const [session] = await sql.query<OpenSession & { expired: boolean }>(LOCK_SESSION_OF_TOKEN, [hash, demo])
  const [token] = session ? await sql.query<Token>(READ_TOKEN, [hash]) : []
  if (!session || !token) return { outcome: 'unknown' }
  // Before all else: a page that the token is not for can't even end the session with it.
  if (!mayRenew(session.client)) return { outcome: 'foreign', session }
  if (session.expired) return { outcome: 'expired', session }
  if (token.successorUsed) return { outcome: token.late ? 'replayed' : 'refused', session }
  if (token.successorSealed) {
    return { outcome: 'renewed', session, refreshToken: unseal(Buffer.from(presented), PURPOSE, token.successorSealed).toString() }
  }
  const successor = newSecret()
  const sealed = seal(Buffer.from(presented), PURPOSE, Buffer.from(successor))
  const [renewed] = await sql.query<{ expiresAt: Date }>(ROTATE, [hash, hashOf(successor), sealed, userAgent, clientAddress])
  return { outcome: 'renewed', session: { ...session, ...renewed }, refreshToken: successor }
}
