import { decodeId, encodeId } from '@ashlar/kit/ids'
import type { UserResolvers } from '../generated/graphql.js'
import type { User as UserModel } from '../models.js'

export const User: UserResolvers = {
  __resolveReference: ({ id }) => ({ id }),
  posts: ({ id }, page, { loaders }) => loaders.postsByAuthor(decodeId('user', id), page),
  postCount: ({ id }, _, { loaders }) => loaders.postCount.load(decodeId('user', id)),
}

/** All that this service knows of a user. */
export const userStub = (userId: string | null): UserModel | null => (userId === null ? null : { id: encodeId('user', userId) })
