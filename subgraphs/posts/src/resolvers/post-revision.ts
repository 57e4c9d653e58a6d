import { encodeId } from '@ashlar/kit/ids'
import type { PostRevisionResolvers } from '../generated/graphql.js'
import { userStub } from './user.js'

export const PostRevision: PostRevisionResolvers = {
  id: ({ id }) => encodeId('post_revision', id),
  // Empty for one that went with its post since the list was read.
  content: async ({ id }, _, { loaders }) => (await loaders.revisionContent.load(id))?.content ?? '',
  author: ({ authorId }) => userStub(authorId),
}
