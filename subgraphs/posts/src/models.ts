import type { EventConnection } from '@ashlar/kit/events/event-pages'
import type { Connection } from '@ashlar/kit/paging'

export type PostStatus = 'DRAFT' | 'SCHEDULED' | 'PUBLISHED'

/** A post as its row has it. The text comes along where one post is read for itself; in lists and as a reference a loader has it. */
export interface Post extends Partial<PostText> {
  readonly id: string
  readonly authorId: string | null
  readonly kind: string
  readonly slug: string
  readonly title: string
  readonly excerpt: string
  readonly coverImageUrl: string | null
  readonly canonicalUrl: string | null
  readonly seoTitle: string | null
  readonly seoDescription: string | null
  readonly seoImageUrl: string | null
  readonly seoNoIndex: boolean
  readonly metadata: Record<string, unknown>
  readonly readingMinutes: number
  readonly status: PostStatus
  readonly publishedAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly revision: number
}

export interface PostText {
  readonly content: string
  readonly html: string
}

export type WholePost = Post & PostText & { readonly givenExcerpt: string | null }

/** Its content is a loader's: a page of them may be long. */
export interface PostRevision {
  readonly id: string
  readonly postId: string
  readonly revision: number
  readonly title: string
  readonly authorId: string | null
  readonly createdAt: Date
}

/** Known by the id that clients see; all else of a user is the users service's. */
export interface User {
  readonly id: string
}

export interface Viewer {
  readonly userId: string
}

export type PostConnection = Connection<Post>
export type PostRevisionConnection = Connection<PostRevision>

/** Something that happened to a post, and the post as the caller sees it now. */
export interface PostEvent {
  readonly type: 'PostPublished' | 'PostChanged' | 'PostRemoved'
  readonly cursor: string
  readonly at: Date
  readonly postId: string
  readonly slug: string
  readonly post: Post | null
}

export type PostPublished = PostEvent
export type PostChanged = PostEvent
export type PostRemoved = PostEvent
export type PostEventConnection = EventConnection<PostEvent>
