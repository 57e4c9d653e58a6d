/** $1 behind which id, or null, $2 how many. */
export const SUSPENDED = `
  select id from account where suspended_at is not null and ($1::uuid is null or id > $1) order by id limit $2`

/** $1 ids. */
export const IN_GOOD_STANDING = 'select id from account where id = any($1::uuid[]) and suspended_at is null order by id'
