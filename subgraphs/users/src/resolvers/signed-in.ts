import { asCaller } from '@ashlar/kit/authorisation'
import { type Caller, callerOf } from '@ashlar/kit/caller'
import type { Viewer } from '../models.js'
import type { SignedIn, Tokens } from '../sessions.js'

/** The answer to a sign-in: the tokens, and the viewer as whom they let ask, in a request that bore no credential yet. */
export const signedIn = (caller: Caller, { identity, tokens }: SignedIn): { viewer: Viewer; tokens: Tokens } => ({
  tokens,
  viewer: { userId: identity.userId, [asCaller]: callerOf({ ...caller, identity }, 'users', 'write') },
})

/** The viewer after a change of what is theirs. */
export const viewerOf = ({ identity }: Caller): Viewer | null => identity && { userId: identity.userId }
