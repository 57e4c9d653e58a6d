import type { Sql } from '@ashlar/database/sql'
import { seal, unseal } from './sealing.js'
import { hashOf, newSecret } from './secrets.js'
import type { OpenSession } from './session.js'
import { LOCK_SESSION_OF_TOKEN, READ_TOKEN, RENEW } from './sql/sessions.js'

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
  /** Whose sessions may be renewed by whoever presents the token: of these clients, null for a full session. */
  readonly clients: 'all' | readonly (string | null)[]
}

export interface Renewed {
  readonly outcome: 'renewed'
  readonly session: OpenSession
  readonly refreshToken: string
}

/** What came of presenting a refresh token that could not be renewed at once; `session` is whose it was. */
export type Refreshed =
  | Renewed
  | { readonly outcome: 'unknown' }
  /** By a replay in good time, or by a page of another origin: the session goes on as it was. */
  | { readonly outcome: 'refused' | 'foreign'; readonly session: OpenSession }
  /** The session is past its time, or the token was stolen or kept for too long: whoever calls ends the session with all its tokens. */
  | { readonly outcome: 'expired' | 'replayed'; readonly session: OpenSession }

/**
 * Swaps a good refresh token for its successor, in one statement; null where it is not good, or not any more. Only hashes are stored; the
 * successor is sealed with a key that the presented token gives, so that whoever presents it again, having lost the answer, gets the same
 * one, and nobody can who reads the table.
 */
export async function renew(sql: Sql, presented: Presented): Promise<Renewed | null> {
  const { token, userAgent, clientAddress } = presented
  const successor = newSecret()
  const sealed = seal(Buffer.from(token), PURPOSE, Buffer.from(successor))
  const values = [...asked(presented), hashOf(successor), sealed, userAgent, clientAddress]
  const [session] = await sql.query<OpenSession>(RENEW, values)
  return session ? { outcome: 'renewed', session, refreshToken: successor } : null
}

/**
 * What else comes of a refresh token, under the session's lock: the successor that it has already, or why there is none. An outcome is
 * returned, never thrown: a revocation has to be committed.
 */
export async function examine(sql: Sql, presented: Presented): Promise<Refreshed> {
  const [session] = await sql.query<OpenSession & { expired: boolean; foreign: boolean }>(LOCK_SESSION_OF_TOKEN, asked(presented))
  const [token] = session ? await sql.query<Token>(READ_TOKEN, [hashOf(presented.token)]) : []
  if (!session || !token) return { outcome: 'unknown' }
  // Before all else: a page that the token is not for can't even end the session with it.
  if (session.foreign) return { outcome: 'foreign', session }
  if (session.expired) return { outcome: 'expired', session }
  if (token.successorUsed) return { outcome: token.late ? 'replayed' : 'refused', session }
  if (token.successorSealed) {
    const successor = unseal(Buffer.from(presented.token), PURPOSE, token.successorSealed)
    return { outcome: 'renewed', session, refreshToken: successor.toString() }
  }
  return (await renew(sql, presented)) ?? { outcome: 'unknown' }
}

const asked = ({ token, demo, clients }: Presented): unknown[] => [
  hashOf(token),
  demo,
  clients === 'all' ? null : clients.map((client) => client ?? ''),
]
