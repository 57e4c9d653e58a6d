/** A revision's columns under their names in TypeScript, but for its content. */
export const REVISION = `post_revision.id, post_revision.post_id as "postId", post_revision.revision, post_revision.title,
  post_revision.author_id as "authorId", post_revision.created_at as "createdAt"`

/** $1 id, $2 post, $3 author. The post as it stands, in the transaction that has just changed it. */
export const ADD_REVISION = `
  insert into post_revision (id, post_id, revision, title, content, author_id)
  select $1::uuid, post.id, post.revision, post.title, post.content, $3::uuid from post where post.id = $2`

/** $1 post, $2 how many. */
export const KEEP_REVISIONS = `
  delete from post_revision where post_id = $1 and revision <= (
    select revision from post_revision where post_id = $1 order by revision desc offset $2 limit 1
  )`

/** $1 post, $2 revision. */
export const REVISION_TEXT = 'select title, content from post_revision where post_id = $1 and revision = $2'

/** $1 revisions. */
export const REVISION_CONTENTS = 'select id, content from post_revision where id = any($1::uuid[])'
