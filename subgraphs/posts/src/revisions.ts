import type { Sql } from '@ashlar/database/sql'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { notFound } from '@ashlar/kit/errors'
import { newId } from '@ashlar/kit/ids'
import { type Connection, type List, type PageArgs, pagesByParent } from '@ashlar/kit/paging'
import { actorOf, checkEditable, edit } from './editing.js'
import type { Post, PostRevision, WholePost } from './models.js'
import { ADD_REVISION, KEEP_REVISIONS, REVISION, REVISION_CONTENTS, REVISION_TEXT } from './sql/revisions.js'
import { type WrittenText, writeText } from './texts.js'
import { writePost } from './writing.js'

/** Of one post; the oldest go. */
const REVISIONS_MAX = 1_000

const REVISIONS: List = {
  name: 'post.revisions',
  columns: REVISION,
  from: 'post_revision',
  where: 'post_revision.post_id = parent.id',
  values: [],
  order: [{ sql: 'post_revision.revision', type: 'bigint', descending: true }],
}

export interface RestoreRevision {
  readonly postId: string
  readonly revision: number
  readonly idempotencyKey: string | null
}

/** The titles and contents that posts have had. */
export class Revisions {
  constructor(private readonly deps: Pick<Deps, 'db' | 'events'>) {}

  /** Newest first, of each of many posts that the caller can edit. @throws BAD_USER_INPUT */
  ofPosts(postIds: readonly string[], page: PageArgs): Promise<Connection<PostRevision>[]> {
    return pagesByParent<PostRevision>(this.deps.db, REVISIONS, postIds, page)
  }

  /** The contents of revisions that the caller has been shown. */
  contents(ids: readonly string[]): Promise<{ id: string; content: string }[]> {
    return this.deps.db.query(REVISION_CONTENTS, [ids])
  }

  /** Writes an earlier title and content as a new revision. @throws NOT_FOUND for post or revision; FORBIDDEN; CONFLICT */
  async restore(caller: Caller, input: RestoreRevision): Promise<WholePost> {
    await checkEditable(this.deps.db, caller, input.postId)
    const [earlier] = await this.deps.db.query<{ title: string; content: string }>(REVISION_TEXT, [input.postId, input.revision])
    if (!earlier) throw notFound()
    const text = await writeText(earlier.content, ['input', 'revision'])
    return edit(this.deps, caller, { ...input, field: 'restorePostRevision', input }, async (sql, post) => {
      const restored = await writePost(sql, post, { title: earlier.title, text })
      await addRevision(sql, restored, actorOf(caller))
      return restored
    })
  }
}

/** Keeps the text of a post that has just been written. */
export async function addRevision(sql: Sql, { id, revision }: Post, authorId: string): Promise<void> {
  await sql.query(ADD_REVISION, [newId(), id, authorId])
  if (revision > REVISIONS_MAX) await sql.query(KEEP_REVISIONS, [id, REVISIONS_MAX])
}

/** Whether a change says anything else than what stands there. */
export const changesText = (post: WholePost, title: string | undefined, text: WrittenText | null): boolean =>
  (title !== undefined && title !== post.title) || (text !== null && text.content !== post.content)
