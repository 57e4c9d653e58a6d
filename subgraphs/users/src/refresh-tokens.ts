import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Sql } from '@ashlar/database/sql'
import type { RequestInfo } from '@ashlar/kit/caller'
import { seal, unseal } from './sealing.js'
import { hashOf, newSecret } from './secrets.js'
import { END_SESSION, LOCK_SESSION_OF_TOKEN, READ_TOKEN, ROTATE } from './sql/sessions.js'
import type { OpenSession } from './sessions.js'

const PURPOSE = 'refresh successor'

interface Token {
  readonly successorHash: Uint8Array | null
  readonly successorSealed: Uint8Array | null
  readonly successorUsed: boolean
  /** More than 10 s after the successor's first use. */
  readonly late: boolean
}

/** What came of presenting a refresh token. */
export type Refreshed =
  | { readonly outcome: 'renewed'; readonly session: OpenSession; readonly refreshToken: string }
  | { readonly outcome: 'refused' }
  /** Stolen, or kept for too long: the session with all its tokens is gone. */
  | { readonly outcome: 'revoked' }

/**
 * Swaps a refresh token for its successor, in one transaction under the session's lock. Only hashes are stored; the successor is sealed
 * with a key that the presented token gives, so that whoever presents it again, having lost the answer, gets the same one,
 * and nobody can who reads the table. An outcome is returned, never thrown: a revocation has to be committed.
 */
export function rotate(db: ServiceDatabase, presented: string, request: RequestInfo): Promise<Refreshed> {
  const hash = hashOf(presented)
  return db.sqlTransaction(async (sql) => {
    const [session] = await sql.query<OpenSession & { expired: boolean }>(LOCK_SESSION_OF_TOKEN, [hash])
    const [token] = session ? await sql.query<Token>(READ_TOKEN, [hash]) : []
    if (!session || !token) return { outcome: 'refused' }
    if (session.expired) return end(sql, session.id, 'refused')
    if (token.successorUsed) return token.late ? end(sql, session.id, 'revoked') : { outcome: 'refused' }
    if (token.successorSealed) {
      return { outcome: 'renewed', session, refreshToken: unseal(Buffer.from(presented), PURPOSE, token.successorSealed).toString() }
    }
    const successor = newSecret()
    const sealed = seal(Buffer.from(presented), PURPOSE, Buffer.from(successor))
    const [renewed] = await sql.query<{ expiresAt: Date }>(ROTATE, [
      hash,
      hashOf(successor),
      sealed,
      request.userAgent,
      request.clientAddress,
    ])
    return { outcome: 'renewed', session: { ...session, ...renewed }, refreshToken: successor }
  })
}

async function end(sql: Sql, sessionId: string, outcome: 'refused' | 'revoked'): Promise<Refreshed> {
  await sql.query(END_SESSION, [sessionId])
  return { outcome }
}
