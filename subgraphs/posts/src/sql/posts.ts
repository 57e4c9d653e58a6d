/** A post's columns under their names in TypeScript, but for its text, which can be long. */
export const POST = `post.id, post.author_id as "authorId", post.kind, post.slug, post.title, post.excerpt,
  post.cover_image_url as "coverImageUrl", post.canonical_url as "canonicalUrl", post.seo_title as "seoTitle",
  post.seo_description as "seoDescription", post.seo_image_url as "seoImageUrl", post.seo_no_index as "seoNoIndex", post.metadata,
  post.reading_minutes as "readingMinutes", post.status, post.published_at as "publishedAt", post.created_at as "createdAt",
  post.updated_at as "updatedAt", post.revision`

export const WHOLE_POST = `${POST}, post.content, post.html, post.given_excerpt as "givenExcerpt"`

/** What `canSee` allows, as SQL, so that what is hidden is not even read: of the viewer or null, and whether they moderate. */
export const shownTo = (viewer: string, moderates: string, post = 'post'): string =>
  `(${post}.status = 'PUBLISHED' or ${post}.author_id = ${viewer}::uuid or ${moderates}::boolean)`

/** $1 posts. For whoever asks for many viewers at once. */
export const POSTS_BY_ID = `select ${POST} from post where id = any($1::uuid[])`

/** $1 posts, $2 viewer or null, $3 whether they moderate. */
export const SHOWN_POSTS = `select ${POST} from post where id = any($1::uuid[]) and ${shownTo('$2', '$3')}`

/** The same with their texts. */
export const SHOWN_WHOLE_POSTS = `select ${WHOLE_POST} from post where id = any($1::uuid[]) and ${shownTo('$2', '$3')}`

/** $1 posts. Whoever may see them. */
export const WHOLE_POSTS_BY_ID = `select ${WHOLE_POST} from post where id = any($1::uuid[])`

/** $1 posts. */
export const TEXTS = 'select id, content, html from post where id = any($1::uuid[])'

/** $1 post. Whoever changes it next waits for the end of the transaction. */
export const LOCK_POST = `select ${WHOLE_POST} from post where id = $1 for no key update`

/**
 * $1 id, $2 author, $3 kind, $4 slug, $5 title, $6 content, $7 html, $8 opening, $9 reading minutes, $10 excerpt, $11 cover, $12 canonical
 * address, $13 to $16 what search engines are told, $17 metadata, $18 whether it is published, $19 the first revision's id.
 * No row: the slug is taken, also by a post that was being written at the same time, for whose end this waits.
 */
export const ADD_POST = `
  with added as (
    insert into post (id, author_id, kind, slug, title, content, html, opening, reading_minutes, given_excerpt, cover_image_url,
      canonical_url, seo_title, seo_description, seo_image_url, seo_no_index, metadata, status, published_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17::jsonb,
      case when $18::boolean then 'PUBLISHED' else 'DRAFT' end::post_status, case when $18::boolean then clock() end)
    on conflict (slug) do nothing
    returning *
  ), first_revision as (
    insert into post_revision (id, post_id, revision, title, content, author_id)
    select $19::uuid, id, revision, title, content, author_id from added
  )
  select ${WHOLE_POST} from added post`

/**
 * $1 post, $2 kind, $3 slug, $4 title, $5 content, $6 html, $7 opening, $8 reading minutes, $9 excerpt, $10 cover, $11 canonical address,
 * $12 to $15 what search engines are told, $16 metadata. A text that is null stays as it is, without being written again.
 */
export const UPDATE_POST = `
  update post set kind = $2, slug = $3, title = $4, content = coalesce($5, content), html = coalesce($6, html),
    opening = coalesce($7, opening), reading_minutes = coalesce($8, reading_minutes), given_excerpt = $9, cover_image_url = $10,
    canonical_url = $11, seo_title = $12, seo_description = $13, seo_image_url = $14, seo_no_index = $15, metadata = $16::jsonb,
    revision = revision + 1, updated_at = clock()
  where id = $1 returning ${WHOLE_POST}`

/** $1 post. */
export const DELETE_POST = 'delete from post where id = $1'
