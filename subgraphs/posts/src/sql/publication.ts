import { WHOLE_POST } from './posts.js'

/** $1 post, $2 when, or null for now. The database's clock decides whether that is to come. */
export const PUBLISH = `
  update post set status = (case when $2::timestamptz > clock() then 'SCHEDULED' else 'PUBLISHED' end)::post_status,
    published_at = coalesce($2::timestamptz, clock()), revision = revision + 1, updated_at = clock()
  where id = $1 returning ${WHOLE_POST}`

/** $1 post. Its time has come; the job under whose lease this runs is the only one of the post. */
export const PUBLISH_SCHEDULED = `
  update post set status = 'PUBLISHED', revision = revision + 1, updated_at = clock()
  where id = $1 and status = 'SCHEDULED' returning ${WHOLE_POST}`

/** $1 post. */
export const UNPUBLISH = `
  update post set status = 'DRAFT', published_at = null, revision = revision + 1, updated_at = clock()
  where id = $1 returning ${WHOLE_POST}`
