import type { List } from '@ashlar/kit/paging'
import { ACCOUNT } from './accounts.js'

/** Nobody who has blocked the caller is found by them: $1 the caller. */
const NOT_BLOCKING = 'not exists (select from block where blocker_id = account.id and blocked_id = $1::uuid)'

/** Whether a text in byte order begins with $2, in any case. Spelled out as bounds: for a parameter in LIKE a plan that is kept uses no index. */
const begins = (text: string): string => `${text} >= lower($2) collate "C" and ${text} < (lower($2) || U&'\\+10FFFF') collate "C"`

/**
 * Whose username or display name begins with $2: a name that is the search itself comes first, then the others by the alphabet. The two
 * stand bare in the union, and what is asked of them outside, since only so does PostgreSQL read each in the order of its own index and
 * merge them, no further than the page goes.
 */
export const searchList = (callerId: string, search: string): List => ({
  name: 'users by search',
  columns: ACCOUNT,
  from: `(
    select id, username, username as term, 0::bigint as rank from account
    union all
    select id, username, lower(display_name) collate "C", 1::bigint from account
  ) found join account on account.id = found.id`,
  where: `${begins('found.term')} and (found.rank = 0 or not (${begins('found.username')})) and ${NOT_BLOCKING}`,
  values: [callerId, search],
  order: [
    { sql: 'found.term', type: 'text' },
    { sql: 'found.rank', type: 'bigint' },
    { sql: 'found.id', type: 'uuid' },
  ],
  scope: search.toLowerCase(),
})

export const newestList = (callerId: string): List => ({
  name: 'users',
  columns: ACCOUNT,
  from: 'account',
  where: NOT_BLOCKING,
  values: [callerId],
  order: [
    { sql: 'account.created_at', type: 'timestamptz', descending: true },
    { sql: 'account.id', type: 'uuid', descending: true },
  ],
})

export const blockedList = (callerId: string): List => ({
  name: 'blocked users',
  columns: ACCOUNT,
  from: 'block join account on account.id = block.blocked_id',
  where: 'block.blocker_id = $1::uuid',
  values: [callerId],
  order: [
    { sql: 'block.created_at', type: 'timestamptz', descending: true },
    { sql: 'block.blocked_id', type: 'uuid', descending: true },
  ],
})

/** $1 blocker, $2 blocked. */
export const BLOCK = `insert into block (blocker_id, blocked_id) select $1, id from account where id = $2 on conflict do nothing`
/** $1 blocker, $2 blocked. */
export const UNBLOCK = 'delete from block where blocker_id = $1 and blocked_id = $2'
