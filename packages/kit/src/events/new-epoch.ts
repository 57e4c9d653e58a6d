import type { Sql } from '@ashlar/database/sql'
import { NEW_EPOCH } from '../sql/events.js'

/**
 * Begins a new epoch of a service's log, after a recovery that may have lost commits: what was known of it before is stale, so that nobody
 * goes on from a place that now belongs to another event. Cursors are STALE_CURSOR; consumers start over. Answers both epochs.
 */
export async function newEpoch(sql: Sql): Promise<{ readonly before: string; readonly now: string }> {
  const [row] = await sql.query<{ before: string; now: string }>(NEW_EPOCH)
  if (!row) throw new Error('the log has no head')
  return row
}
