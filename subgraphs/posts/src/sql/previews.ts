import { expired } from '@ashlar/kit/retention'
import { IS_ACTIVE } from './publication.js'

/** $1 id, $2 post, $3 hash, $4 when it expires, or null for a week from now. No row: that is past, or more than a year ahead. */
export const ADD_PREVIEW = `
  insert into preview (id, post_id, hash, expires_at)
  select $1::uuid, $2::uuid, $3::bytea, coalesce($4::timestamptz, clock() + interval '7 days')
  where $4::timestamptz is null or ($4::timestamptz > clock() and $4::timestamptz <= clock() + interval '1 year')
  returning expires_at as "expiresAt"`

/** $1 id, $2 post, $3 hash, $4 when it expires. The secret that it had before opens nothing any more. */
export const RENEW_PREVIEW = `
  insert into preview (id, post_id, hash, expires_at) values ($1, $2, $3, $4)
  on conflict (id) do update set hash = excluded.hash returning expires_at as "expiresAt"`

/** $1 post, $2 how many: the latest. Ids grow with time. */
export const KEEP_PREVIEWS = `
  delete from preview where id in (select id from preview where post_id = $1 order by id desc offset $2)`

/** $1 hash. While its author is suspended a token opens nothing. */
export const PREVIEWED_POST = `
  select post_id as "postId" from preview join post on post.id = post_id where hash = $1 and expires_at > clock() and ${IS_ACTIVE}`

/** $1 post. */
export const END_PREVIEWS = 'delete from preview where post_id = $1'

export const EXPIRED_PREVIEWS = expired('preview', 'id', 'expires_at <= clock()')
