/** $1 authors. Those who have published nothing are not among the rows. */
export const COUNT_BY_AUTHOR = `
  select author_id as "authorId", count(*)::int as count from post
  where author_id = any($1::uuid[]) and status = 'PUBLISHED' group by author_id`
