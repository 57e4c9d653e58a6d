import { createHash } from 'node:crypto'
import type { Migration } from '@ashlar/database/migrations/history'

/** A migration as a file would hold it. */
export const migration = (name: string, sql: string): Migration => ({ name, sql, checksum: createHash('sha256').update(sql).digest('hex') })

/** A service that counts: one row for each name. */
export const counterHistory: readonly Migration[] = [
  migration('20260101000000_init', 'create table counter (name text primary key, value int not null);'),
]
