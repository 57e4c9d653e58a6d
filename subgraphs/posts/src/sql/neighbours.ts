import { POST } from './posts.js'

// Without a condition on the kind: the next row of this order, found by one look into its index, is of the same kind or there is none.
const neighbours = (sign: '<' | '>', direction: 'asc' | 'desc') => `
  select here.id as "neighbourOf", ${POST}
  from post here
  cross join lateral (
    select * from post
    where post.status = 'PUBLISHED' and (post.kind, post.published_at, post.id) ${sign} (here.kind, here.published_at, here.id)
    order by post.kind ${direction}, post.published_at ${direction}, post.id ${direction} limit 1
  ) post
  where here.id = any($1::uuid[]) and here.status = 'PUBLISHED' and post.kind = here.kind`

/** $1 posts. The published post of the same kind that came next after each. */
export const NEWER = neighbours('>', 'asc')

/** $1 posts. The published post of the same kind that came last before each. */
export const OLDER = neighbours('<', 'desc')
