import type { Sql } from '@ashlar/database/sql'
import type { Caller } from './caller.js'
import { newId } from './ids.js'

export interface AuditRecord {
  /** Such as `user.role-changed`. */
  readonly action: string
  /** The client-visible id of what it was done to. */
  readonly target?: string | null
  readonly outcome?: 'DONE' | 'REFUSED'
  /** Neither secrets nor content. */
  readonly details?: Readonly<Record<string, unknown>>
  /** The uuid of who did it, where it is not the caller: someone who has just signed in. */
  readonly actorId?: string | null
}

const WRITE = `
  insert into audit_entry (id, at, actor_id, action, target, ip_address, outcome, details)
  values ($1, clock(), $2, $3, $4, $5, $6, $7::jsonb)`

/** Writes down who did what, in the transaction of the deed. Kept a year. */
export async function writeAudit(
  sql: Sql,
  { identity, request }: Pick<Caller, 'identity' | 'request'>,
  record: AuditRecord,
): Promise<void> {
  const { action, target = null, outcome = 'DONE', details = {}, actorId = identity?.userId ?? null } = record
  await sql.query(WRITE, [newId(), actorId, action, target, request.clientAddress, outcome, JSON.stringify(details)])
}

/** What is past its year. */
export const FORGET_AUDIT = `delete from audit_entry where at < clock() - interval '1 year'`
