import type { ServiceDatabase } from '@ashlar/database/service-database'
import { FORGET_AUDIT } from '@ashlar/kit/audit'
import { FORGET } from '@ashlar/kit/sql/idempotency'
import { FORGET_PREVIEWS } from './sql/previews.js'

export const CLEAN_EVERY_SECONDS = 3_600

/** Forgets what is past its time: preview tokens, idempotency keys, the audit's last year. */
export async function clean(db: ServiceDatabase): Promise<void> {
  for (const statement of [FORGET_PREVIEWS, FORGET, FORGET_AUDIT]) await db.query(statement)
}
