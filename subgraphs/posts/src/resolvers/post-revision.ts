import { notFound } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import type { PostRevisionResolvers } from '../generated/graphql.js'
import { userStub } from './user.js'

export const PostRevision: PostRevisionResolvers = {
  id: ({ id }) => encodeId('post_revision', id),
  content: async ({ id }, _, { loaders }) => {
    const text = await loaders.revisionContent.load(id)
    // Gone with its post since the list was read.
    if (!text) throw notFound()
    return text.content
  },
  author: ({ authorId }) => userStub(authorId),
}
