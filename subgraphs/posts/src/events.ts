import type { Sql } from '@ashlar/database/sql'
import type { EventLog } from '@ashlar/kit/events/event-log'
import { encodeId } from '@ashlar/kit/ids'
import type { Post } from './models.js'

/** What is said of a post in the log, and why it is said: whatever everybody could see, or can from now on. */
export type PostEventType = 'post.published' | 'post.changed' | 'post.unpublished' | 'post.deleted'

/** Ids and scalars, never content: the post as it was with the event. */
export interface PostEventData {
  readonly postId: string
  readonly slug: string
  readonly authorId: string | null
  readonly kind: string
  /** Where the kind is another than before. */
  readonly formerKind?: string
  /** Of a deletion: whether everybody could see it. That of a draft concerns only those who hang things on it. */
  readonly wasPublished?: boolean
}

type Written = Pick<Post, 'id' | 'slug' | 'authorId' | 'kind' | 'status'>

/**
 * Each post is a topic of its own: order matters within a post alone, a consumer that fails at one post goes on with the others, and who
 * follows one post finds its events by an index. Whoever follows all follows the whole log.
 */
export const topicOf = (postId: string): string => encodeId('post', postId)

/**
 * Tells of a change, if it concerns anybody but who can edit the post. The last thing in the transaction that holds the post locked, so that
 * the order of a post's events is that of its changes.
 */
export async function tellChange(events: EventLog, sql: Sql, before: Written | null, after: Written): Promise<void> {
  const type = typeOf(before?.status === 'PUBLISHED', after.status === 'PUBLISHED')
  if (!type) return
  const formerKind = before && before.kind !== after.kind ? { formerKind: before.kind } : {}
  await events.append(sql, { topic: topicOf(after.id), type, data: { ...dataOf(after), ...formerKind } })
}

/** Tells that a post is gone, a draft too, in the same way. */
export async function tellDeletion(events: EventLog, sql: Sql, post: Written): Promise<void> {
  const data: PostEventData = { ...dataOf(post), wasPublished: post.status === 'PUBLISHED' }
  await events.append(sql, { topic: topicOf(post.id), type: 'post.deleted' satisfies PostEventType, data: { ...data } })
}

function typeOf(wasSeen: boolean, isSeen: boolean): PostEventType | null {
  if (isSeen) return wasSeen ? 'post.changed' : 'post.published'
  return wasSeen ? 'post.unpublished' : null
}

const dataOf = ({ id, slug, authorId, kind }: Written): PostEventData => ({ postId: id, slug, authorId, kind })
