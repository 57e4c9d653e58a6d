import { notFound } from '@ashlar/kit/errors'
import { decodeId, encodeId } from '@ashlar/kit/ids'
import { canEdit } from '../access.js'
import type { Context } from '../context.js'
import type { PostResolvers } from '../generated/graphql.js'
import type { Post as PostModel, PostText } from '../models.js'
import { userStub } from './user.js'

export const Post: PostResolvers = {
  __resolveReference: ({ id }, { loaders }) => loaders.post.load(decodeId('post', id)),
  id: ({ id }) => encodeId('post', id),
  viewerCanEdit: (post, _, { caller }) => canEdit(caller, post),
  formerSlugs: async ({ id }, _, { loaders }) => [...(await loaders.formerSlugs.load(id))],
  content: async (post, _, context) => post.content ?? (await textOf(post, context)).content,
  html: async (post, _, context) => post.html ?? (await textOf(post, context)).html,
  author: ({ authorId }) => userStub(authorId),
  seo: ({ seoTitle, seoDescription, seoImageUrl, seoNoIndex }) => ({
    title: seoTitle,
    description: seoDescription,
    imageUrl: seoImageUrl,
    noIndex: seoNoIndex,
  }),
  revisions: (post, page, { caller, loaders }) => (canEdit(caller, post) ? loaders.revisions(post.id, page) : null),
  // Comes to life with the feeds service.
  sourceUrl: () => null,
  newer: ({ id }, _, { loaders }) => loaders.newer.load(id),
  older: ({ id }, _, { loaders }) => loaders.older.load(id),
}

async function textOf({ id }: PostModel, { loaders }: Context): Promise<PostText> {
  const text = await loaders.text.load(id)
  // Deleted since its row was read.
  if (!text) throw notFound()
  return text
}
