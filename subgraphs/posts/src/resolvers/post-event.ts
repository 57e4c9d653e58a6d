import { encodeId } from '@ashlar/kit/ids'
import type { PostEventResolvers } from '../generated/graphql.js'
import type { PostEvent as PostEventModel } from '../models.js'

export const PostEvent: PostEventResolvers = {
  __resolveType: ({ type }) => type,
}

/** What each of its kinds has. */
const every = { postId: ({ postId }: PostEventModel) => encodeId('post', postId) }

export const PostPublished = every
export const PostChanged = every
export const PostRemoved = every
