/**
 * $1 sender, $2 number. No row: it was used before. The commit is not waited for on the disk: a server that crashes forgets the last
 * moment's numbers, and every mutation is spared a write to the disk.
 */
export const USE_NUMBER = `
  with unhurried as materialized (select set_config('synchronous_commit', 'off', true))
  insert into used_number (sender, number) select $1, $2 from unhurried on conflict do nothing returning number`

/** $1 seconds, $2 how many at most. */
export const FORGET_NUMBERS = `
  delete from used_number where (sender, number) in (
    select sender, number from used_number where used_at < clock() - make_interval(secs => $1::float8) limit $2
  ) returning 1`
