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
  content: async (post, _, context) => context.loaders.textBudget.spend(post.content ?? (await textOf(post, context)).content),
  html: async (post, _, context) => context.loaders.textBudget.spend(post.html ?? (await textOf(post, context)).html),
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

/** Empty for a post that was deleted since its row was read: one that goes must not take the list along. */
const textOf = async ({ id }: PostModel, { loaders }: Context): Promise<PostText> =>
  (await loaders.text.load(id)) ?? { content: '', html: '' }
