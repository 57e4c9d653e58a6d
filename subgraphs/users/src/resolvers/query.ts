import { decodeId } from '@ashlar/kit/ids'
import type { QueryResolvers } from '../generated/graphql.js'

export const Query: QueryResolvers = {
  viewer: (_, __, { caller: { identity } }) => identity && { userId: identity.userId },
  user: (_, { id }, { loaders }) => loaders.account.load(decodeId('user', id)),
  userByUsername: (_, { username }, { services }) => services.people.byUsername(username),
  users: (_, args, { services, caller }) => services.people.find(caller, args),
  allowedClients: (_, __, { services, caller }) => services.allowedClients.list(caller),
}
