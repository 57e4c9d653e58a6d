import { WHOLE_POST } from './posts.js'

/** Something is still done on behalf of a post's author, who may be nobody. */
export const IS_ACTIVE = 'not exists (select from paused_author where user_id = post.author_id)'

/** $1 post, $2 when, or null for now. The database's clock decides whether that is to come. */
export const PUBLISH = `
  update post set status = (case when $2::timestamptz > clock() then 'SCHEDULED' else 'PUBLISHED' end)::post_status,
    published_at = coalesce($2::timestamptz, clock()), revision = revision + 1, updated_at = clock()
  where id = $1 returning ${WHOLE_POST}`

export const SCHEDULED_POST = 'post.id as "postId", published_at as "publishedAt"'

/** $1 post. Its time has come; the job under whose lease this runs is the only one of the post. */
export const PUBLISH_SCHEDULED = `
  update post set status = 'PUBLISHED', revision = revision + 1, updated_at = clock()
  where id = $1 and status = 'SCHEDULED' and ${IS_ACTIVE} returning ${WHOLE_POST}`

/** $1 post. */
export const UNPUBLISH = `
  update post set status = 'DRAFT', published_at = null, revision = revision + 1, updated_at = clock()
  where id = $1 returning ${WHOLE_POST}`
