/** $1 who wants to, $2 whom. */
export const REACHABLE = `
  select id from account
  where id = any($2::uuid[]) and suspended_at is null
    and exists (select from account caller where caller.id = $1 and caller.suspended_at is null)
    and not exists (
      select from block
      where (blocker_id = account.id and blocked_id = $1::uuid) or (blocker_id = $1::uuid and blocked_id = account.id)
    )`
