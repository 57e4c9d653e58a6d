import { callerFor } from '@ashlar/kit/authorisation'
import { encodeId } from '@ashlar/kit/ids'
import type { SessionResolvers } from '../generated/graphql.js'

export const Session: SessionResolvers = {
  id: ({ id }) => encodeId('session', id),
  current: (session, _, context) => callerFor(session, context).identity?.credentialId === session.id,
}
