import { decodeId, encodeId } from '@ashlar/kit/ids'
import { readChoice, readEventChoice } from '../filters.js'
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
  postEventCursor: (_, __, { services }) => services.events.cursor(),
  postEvents: (_, { filter, ...page }, { services, caller }) => services.events.page(caller, readEventChoice(filter), page),
  viewer: (_, __, { caller }) => caller.identity && { userId: encodeId('user', caller.identity.userId) },
}
