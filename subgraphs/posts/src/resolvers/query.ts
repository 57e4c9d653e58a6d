import { decodeId, encodeId } from '@ashlar/kit/ids'
import { readChoice } from '../filters.js'
import type { QueryResolvers } from '../generated/graphql.js'

export const Query: QueryResolvers = {
  post: async (_, { id, previewToken }, { services, loaders }) => {
    const postId = decodeId('post', id)
    return (await loaders.wholePost.load(postId)) ?? (previewToken ? services.previews.post(postId, previewToken) : null)
  },
  postBySlug: async (_, { slug, previewToken }, { services, loaders }) => {
    const previewedId = previewToken ? await services.previews.postIdOf(previewToken) : null
    return loaders.postBySlug(slug, { previewedId })
  },
  posts: (_, { filter, orderBy, ...page }, { services, caller }) => services.lists.chosen(caller, readChoice(filter, orderBy), page),
  viewer: (_, __, { caller }) => caller.identity && { userId: encodeId('user', caller.identity.userId) },
}
