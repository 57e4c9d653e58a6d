import type { List } from '@ashlar/kit/paging'
import { ACCOUNT } from './accounts.js'

/** Nobody who has blocked the caller is found by them: $1 the caller. */
const NOT_BLOCKING = 'not exists (select from block where blocker_id = account.id and blocked_id = $1::uuid)'

/** The first character behind all that begin with a prefix, in byte order. */
const PAST = `U&'\\+10FFFF'`

/**
 * Whose username or display name begins with $2. Each of the two is read in the order of its own index, and merged: a name that is
 * the search itself comes first, then the others by the alphabet. The bounds are spelled out, since for a parameter in LIKE a plan that
 * is kept uses no index.
 */
export const searchList = (callerId: string, search: string): List => ({
  name: 'users by search',
  columns: ACCOUNT,
  from: `(
    select id, username as term, 0::bigint as rank from account
    where username >= lower($2) collate "C" and username < (lower($2) || ${PAST}) collate "C"
    union all
    select id, lower(display_name) collate "C", 1::bigint from account
    where lower(display_name) collate "C" >= lower($2) collate "C" and lower(display_name) collate "C" < (lower($2) || ${PAST}) collate "C"
      and not (username >= lower($2) collate "C" and username < (lower($2) || ${PAST}) collate "C")
  ) found join account on account.id = found.id`,
  where: NOT_BLOCKING,
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
