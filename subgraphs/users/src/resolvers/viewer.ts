import { asCaller, callerFor } from '@ashlar/kit/authorisation'
import { decodeAnyId, encodeId } from '@ashlar/kit/ids'
import { mapConnection } from '@ashlar/kit/paging'
import type { Context } from '../context.js'
import type { ViewerResolvers } from '../generated/graphql.js'
import type { Viewer as ViewerModel } from '../models.js'

export const Viewer: ViewerResolvers = {
  // By who asks: a reference to somebody else is nobody's.
  __resolveReference: ({ userId }, { caller: { identity } }) => {
    const referred = decodeAnyId(userId)
    return referred?.type === 'user' && referred.uuid === identity?.userId ? { userId: identity.userId } : null
  },
  userId: ({ userId }) => encodeId('user', userId),
  user: async (viewer, _, context) => {
    const account = await accountOf(viewer, context)
    return account && { ...account, [asCaller]: callerFor(viewer, context) }
  },
  email: async (viewer, _, context) => (await accountOf(viewer, context))?.email ?? null,
  emailVerified: async (viewer, _, context) => {
    const account = await accountOf(viewer, context)
    return account && account.emailVerifiedAt !== null
  },
  totpEnabled: async (viewer, _, context) => (await accountOf(viewer, context))?.totpEnabled ?? null,
  scopes: (viewer, _, context) => [...(callerFor(viewer, context).identity?.scopes ?? [])],
  sessions: async (viewer, page, context) => {
    const caller = callerFor(viewer, context)
    return mapConnection(await context.loaders.sessions(viewer.userId, page), (session) => ({ ...session, [asCaller]: caller }))
  },
  apiKeys: ({ userId }, page, { services }) => services.apiKeys.list(userId, page),
  blockedUsers: ({ userId }, page, { services }) => services.blocks.list(userId, page),
}

const accountOf = ({ userId }: ViewerModel, { loaders }: Context) => loaders.account.load(userId)
