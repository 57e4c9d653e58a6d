import { emptyConnection } from '@ashlar/kit/paging'
import type { ViewerResolvers } from '../generated/graphql.js'

export const Viewer: ViewerResolvers = {
  __resolveReference: ({ userId }) => ({ userId }),
  // By who asks, never by the reference.
  posts: (_, { status, ...page }, { services, caller }) =>
    caller.userId === null ? emptyConnection() : services.lists.own(caller.userId, status ?? null, page),
}
