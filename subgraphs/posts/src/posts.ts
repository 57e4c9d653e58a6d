import type { Sql } from '@ashlar/database/sql'
import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import { conflict, notFound } from '@ashlar/kit/errors'
import { once } from '@ashlar/kit/idempotency'
import { newId } from '@ashlar/kit/ids'
import { authorOf, checkMayPublish, editable, isModerator } from './access.js'
import { isDeadlock, isTakenSlug } from './constraints.js'
import { actorOf, auditModeration, checkEditable, edit } from './editing.js'
import { tellChange, tellDeletion } from './events.js'
import type { NewPost, PostChanges } from './inputs.js'
import type { Post, PostText, WholePost } from './models.js'
import { cancelPublication } from './publication.js'
import { addRevision, changesText } from './revisions.js'
import { leaveSlug, nextFreeSlug, readSlug, slugOf } from './slugs.js'
import { snapshotOf } from './snapshot.js'
import { NEWER, OLDER } from './sql/neighbours.js'
import { ADD_POST, DELETE_POST, LOCK_POST, SHOWN_POSTS, SHOWN_WHOLE_POSTS, TEXTS, WHOLE_POSTS_BY_ID } from './sql/posts.js'
import { FORMER_SLUGS, POSTS_BY_SLUG } from './sql/slugs.js'
import { type WrittenText, writeText } from './texts.js'
import { writePost } from './writing.js'

/** How often a slug made from a title gives way to one that was written at the same time. Each time, another got theirs. */
const SLUG_ATTEMPTS_MAX = 200

/** Posts: who sees and changes them. */
export class Posts {
  constructor(private readonly deps: Pick<Deps, 'db' | 'config' | 'jobs' | 'events'>) {}

  /** Those that the caller may see. */
  byIds(caller: Caller, ids: readonly string[]): Promise<Post[]> {
    return this.deps.db.query(SHOWN_POSTS, [ids, caller.userId, isModerator(caller)])
  }

  /** The same with their texts, so that text and revision belong together: for who reads one, perhaps to change it. */
  wholeByIds(caller: Caller, ids: readonly string[]): Promise<WholePost[]> {
    return this.deps.db.query(SHOWN_WHOLE_POSTS, [ids, caller.userId, isModerator(caller)])
  }

  /** Under each slug what the caller may see: the post that has it, else the one that left it last. */
  async bySlugs(caller: Caller, slugs: readonly string[], previewedId: string | null): Promise<(WholePost | null)[]> {
    const wanted = slugs.map(readSlug)
    const possible = [...new Set(wanted.filter((slug) => slug !== null))]
    if (possible.length === 0) return slugs.map(() => null)
    const values = [possible, caller.userId, isModerator(caller), previewedId]
    const rows = await this.deps.db.query<WholePost & { wanted: string }>(POSTS_BY_SLUG, values)
    const found = new Map<string | null, WholePost>(rows.map((row) => [row.wanted, row]))
    return wanted.map((slug) => found.get(slug) ?? null)
  }

  /** The texts of posts that the caller has been shown. */
  texts(ids: readonly string[]): Promise<(PostText & { id: string })[]> {
    return this.deps.db.query(TEXTS, [ids])
  }

  /** The slugs that lead to each post still, though it has another now. */
  async formerSlugs(ids: readonly string[]): Promise<ReadonlyMap<string, string[]>> {
    const rows = await this.deps.db.query<{ postId: string; slugs: string[] }>(FORMER_SLUGS, [ids])
    return new Map(rows.map(({ postId, slugs }) => [postId, slugs]))
  }

  /** The published post of its kind that came next after each, or last before it. */
  async neighbours(ids: readonly string[], which: 'newer' | 'older'): Promise<ReadonlyMap<string, Post>> {
    const rows = await this.deps.db.query<Post & { neighbourOf: string }>(which === 'newer' ? NEWER : OLDER, [ids])
    return new Map(rows.map((row) => [row.neighbourOf, row]))
  }

  /** @throws FORBIDDEN; CONFLICT for a slug that is taken and a key that came with other input */
  async create(caller: Caller, input: NewPost): Promise<WholePost> {
    const authorId = authorOf(caller)
    if (input.publish) checkMayPublish(caller, this.deps.config)
    const text = await writeText(input.content)
    return this.deps.db.sqlTransaction(async (sql) => {
      const attempt = { actor: authorId, field: 'createPost', key: input.idempotencyKey, input }
      const { result, repeated } = await once(sql, attempt, async () => ({ postId: await addPost(sql, authorId, input, text) }))
      const [post] = await sql.query<WholePost>(WHOLE_POSTS_BY_ID, [[result.postId]])
      if (!post) throw notFound()
      if (!repeated) await tellChange(this.deps.events, sql, null, post)
      return post
    })
  }

  /**
   * Changes what is given. @throws NOT_FOUND; FORBIDDEN; CONFLICT with the post as it stands for a stale revision, with its field for a
   * slug that is taken
   */
  async update(caller: Caller, input: PostChanges): Promise<WholePost> {
    await checkEditable(this.deps.db, caller, input.postId)
    const text = input.content === undefined ? null : await writeText(input.content)
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.change(caller, input, text)
      } catch (error) {
        // A slug that is taken, or two posts that swap theirs at once.
        if (input.slug === undefined || !(isTakenSlug(error) || isDeadlock(error))) throw error
        // One that is made from the title takes the next number.
        if (input.slug !== null || attempt === SLUG_ATTEMPTS_MAX) throw conflict({ field: 'slug' })
      }
    }
  }

  private change(caller: Caller, input: PostChanges, text: WrittenText | null): Promise<WholePost> {
    return edit(this.deps, caller, { ...input, field: 'updatePost', input }, async (sql, post) => {
      if (input.expectedRevision !== null && input.expectedRevision !== post.revision) throw conflict({ current: snapshotOf(post) })
      if (!saysAnything(input)) return post
      const slug = await this.newSlug(sql, post, input)
      const changed = await writePost(sql, post, { ...input, slug, text })
      if (slug !== post.slug) await leaveSlug(sql, post.id, { from: post.slug, to: slug })
      if (changesText(post, input.title, text)) await addRevision(sql, changed, actorOf(caller))
      return changed
    })
  }

  private async newSlug(sql: Sql, post: WholePost, { slug, title, kind }: PostChanges): Promise<string> {
    if (slug === undefined) return post.slug
    return slug ?? nextFreeSlug(sql, slugOf(title ?? post.title, kind ?? post.kind), post.id)
  }

  /** @throws NOT_FOUND; FORBIDDEN */
  async delete(caller: Caller, postId: string): Promise<void> {
    await checkEditable(this.deps.db, caller, postId)
    await this.deps.db.sqlTransaction(async (sql) => {
      const [found] = await sql.query<WholePost>(LOCK_POST, [postId])
      const post = editable(caller, found)
      await cancelPublication(this.deps.jobs, sql, postId)
      await sql.query(DELETE_POST, [postId])
      if (post.authorId !== caller.userId) await auditModeration(sql, caller, post, 'deletePost')
      await tellDeletion(this.deps.events, sql, post)
    })
  }
}

/** Writes a post with its first revision. The constraint decides about the slug, however many come at once. @throws CONFLICT */
async function addPost(sql: Sql, authorId: string, input: NewPost, text: WrittenText): Promise<string> {
  const id = newId()
  const made = slugOf(input.title, input.kind)
  let slug = input.slug ?? made
  for (let attempt = 1; attempt <= SLUG_ATTEMPTS_MAX; attempt += 1) {
    const [added] = await sql.query<WholePost>(ADD_POST, valuesOf(id, authorId, slug, input, text))
    if (added) return id
    if (input.slug !== null) break
    slug = await nextFreeSlug(sql, made, id)
  }
  throw conflict({ field: 'slug' })
}

const valuesOf = (id: string, authorId: string, slug: string, input: NewPost, text: WrittenText): unknown[] => [
  id,
  authorId,
  input.kind,
  slug,
  input.title,
  text.content,
  text.html,
  text.opening,
  text.readingMinutes,
  input.excerpt,
  input.coverImageUrl,
  input.canonicalUrl,
  input.seo.title ?? null,
  input.seo.description ?? null,
  input.seo.imageUrl ?? null,
  input.seo.noIndex ?? false,
  JSON.stringify(input.metadata),
  input.publish,
  newId(),
]

/** Whether a change names any field at all; one that names none leaves the revision alone. */
const saysAnything = ({ postId: _, expectedRevision: __, idempotencyKey: ___, ...fields }: PostChanges): boolean =>
  Object.values(fields).some((field) => field !== undefined)
