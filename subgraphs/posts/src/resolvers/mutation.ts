import { encodeId } from '@ashlar/kit/ids'
import type { MutationResolvers } from '../generated/graphql.js'
import { readNewPost, readNewPreview, readPostChanges, readPostId, readRestoreRevision } from '../inputs.js'

export const Mutation: MutationResolvers = {
  createPost: async (_, { input }, { services, caller }) => ({ post: await services.posts.create(caller, readNewPost(input)) }),
  updatePost: async (_, { input }, { services, caller }) => ({ post: await services.posts.update(caller, readPostChanges(input)) }),
  publishPost: async (_, { input }, { services, caller }) => ({
    post: await services.publication.publish(caller, readPostId(input), input.publishAt ?? null),
  }),
  unpublishPost: async (_, { input }, { services, caller }) => ({
    post: await services.publication.unpublish(caller, readPostId(input)),
  }),
  restorePostRevision: async (_, { input }, { services, caller }) => ({
    post: await services.revisions.restore(caller, readRestoreRevision(input)),
  }),
  deletePost: async (_, { input }, { services, caller }) => {
    const postId = readPostId(input)
    await services.posts.delete(caller, postId)
    return { deletedPostId: encodeId('post', postId) }
  },
  createPostPreview: (_, { input }, { services, caller }) => services.previews.create(caller, readNewPreview(input)),
}
