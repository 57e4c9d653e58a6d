import { callerFor } from '@ashlar/kit/authorisation'
import { decodeAnyId, encodeId } from '@ashlar/kit/ids'
import type { UserResolvers } from '../generated/graphql.js'

export const User: UserResolvers = {
  __resolveReference: ({ id }, { loaders }) => {
    const referred = decodeAnyId(id)
    return referred?.type === 'user' ? loaders.account.load(referred.uuid) : null
  },
  id: ({ id }) => encodeId('user', id),
  role: (user, _, context) => {
    const caller = callerFor(user, context)
    return caller.userId === user.id || caller.may('users:admin') ? user.role : null
  },
  sessions: ({ id }, page, { loaders }) => loaders.sessions(id, page),
}
