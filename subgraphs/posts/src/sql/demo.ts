import { WHOLE_POST } from './posts.js'

/**
 * $1 id, $2 author, $3 kind, $4 slug, $5 title, $6 content, $7 html, $8 opening, $9 reading minutes, $10 excerpt, $11 what search engines
 * are told, $12 metadata, $13 when it was written, $14 whether it is published, $15 the first revision's id. What is there stays as it is.
 */
export const ADD_DEMO_POST = `
  with added as (
    insert into post (id, author_id, kind, slug, title, content, html, opening, reading_minutes, given_excerpt, seo_description, metadata,
      created_at, updated_at, status, published_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13::timestamptz, $13::timestamptz,
      (case when $14::boolean then 'PUBLISHED' else 'DRAFT' end)::post_status, case when $14::boolean then $13::timestamptz end)
    on conflict do nothing
    returning *
  ), first_revision as (
    insert into post_revision (id, post_id, revision, title, content, author_id, created_at)
    select $15::uuid, id, revision, title, content, author_id, created_at from added
  )
  select ${WHOLE_POST} from added post`
