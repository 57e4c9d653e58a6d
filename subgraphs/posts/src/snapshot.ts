import { encodeId } from '@ashlar/kit/ids'
import type { WholePost } from './models.js'

/** A post as a query would answer it, for `current` of a CONFLICT: its own fields, times as text; the HTML follows from the content. */
export const snapshotOf = (post: WholePost): object => ({
  id: encodeId('post', post.id),
  slug: post.slug,
  kind: post.kind,
  title: post.title,
  content: post.content,
  excerpt: post.excerpt,
  status: post.status,
  author: post.authorId && { id: encodeId('user', post.authorId) },
  coverImageUrl: post.coverImageUrl,
  canonicalUrl: post.canonicalUrl,
  seo: { title: post.seoTitle, description: post.seoDescription, imageUrl: post.seoImageUrl, noIndex: post.seoNoIndex },
  metadata: post.metadata,
  readingMinutes: post.readingMinutes,
  publishedAt: post.publishedAt?.toISOString() ?? null,
  createdAt: post.createdAt.toISOString(),
  updatedAt: post.updatedAt.toISOString(),
  revision: post.revision,
})
