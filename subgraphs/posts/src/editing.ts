import type { Sql } from '@ashlar/database/sql'
import { writeAudit } from '@ashlar/kit/audit'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { forbidden } from '@ashlar/kit/errors'
import { once } from '@ashlar/kit/idempotency'
import { encodeId } from '@ashlar/kit/ids'
import { editable, isModerator } from './access.js'
import { tellChange } from './events.js'
import type { Post, WholePost } from './models.js'
import { LOCK_POST, SHOWN_POSTS } from './sql/posts.js'

export interface Edit {
  readonly postId: string
  /** The mutation's field. */
  readonly field: string
  readonly input: object
  readonly idempotencyKey?: string | null
}

/** Whose idempotency keys and revisions they are. */
export function actorOf({ identity }: Caller): string {
  if (!identity) throw forbidden()
  return identity.userId
}

/** Whether the caller may change the post, asked before any work is done for it. @throws NOT_FOUND; FORBIDDEN */
export async function checkEditable(db: Sql, caller: Caller, postId: string): Promise<void> {
  const [post] = await db.query<Post>(SHOWN_POSTS, [[postId], caller.userId, isModerator(caller)])
  editable(caller, post)
}

/**
 * One change of one post by somebody who may make it: under the post's lock, so that none is lost however many come at once, and once
 * for each key. What a moderator does to another's post is written down, and what everybody can see of it is told.
 * @param change answers the post as it then is
 * @throws NOT_FOUND; FORBIDDEN; CONFLICT
 */
export function edit(
  { db, events }: Pick<Deps, 'db' | 'events'>,
  caller: Caller,
  { postId, field, input, idempotencyKey }: Edit,
  change: (sql: Sql, post: WholePost) => Promise<WholePost>,
): Promise<WholePost> {
  return db.sqlTransaction(async (sql) => {
    const [found] = await sql.query<WholePost>(LOCK_POST, [postId])
    const post = editable(caller, found)
    let changed = post
    await once(sql, { actor: actorOf(caller), field, key: idempotencyKey, input }, async () => {
      changed = await change(sql, post)
      if (changed !== post && post.authorId !== caller.userId) await auditModeration(sql, caller, post, field)
      return { postId }
    })
    if (changed !== post) await tellChange(events, sql, post, changed)
    return changed
  })
}

/** For what a moderator does to a post of another's. */
export const auditModeration = (sql: Sql, caller: Caller, post: WholePost, field: string): Promise<void> =>
  writeAudit(sql, caller, {
    action: `posts.${field}`,
    target: encodeId('post', post.id),
    details: { authorId: post.authorId && encodeId('user', post.authorId) },
  })
