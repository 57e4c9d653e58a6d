import { decodeId, encodeId } from '@ashlar/kit/ids'
import type { MutationResolvers } from '../generated/graphql.js'
import { signedIn, viewerOf } from './signed-in.js'

const OK = { ok: true }

export const Mutation: MutationResolvers = {
  signUp: async (_, { input }, { services, caller }) => {
    const made = await services.signUps.signUp(caller, input)
    return made ? signedIn(caller, made) : { viewer: null, tokens: null }
  },
  signIn: async (_, { input }, { services, caller }) => signedIn(caller, await services.signIns.withPassword(caller, input)),
  claimOwnership: async (_, { input }, { services, caller }) => signedIn(caller, await services.ownership.claim(caller, input)),
  signInAsGuest: async (_, { input }, { services, caller }) => signedIn(caller, await services.guests.signIn(caller, input)),
  signInWithLink: async (_, { input }, { services, caller }) => signedIn(caller, await services.signInLinks.signIn(caller, input)),
  signInWithIdToken: async (_, { input }, { services, caller }) => signedIn(caller, await services.signIns.withIdToken(caller, input)),
  resetPassword: async (_, { input }, { services, caller }) => signedIn(caller, await services.passwordResets.reset(caller, input)),
  exchangeAuthorizationCode: async (_, { input }, { services, caller }) =>
    signedIn(caller, await services.authorizationCodes.exchange(caller, input)),
  refreshSession: async (_, { input }, { services, caller }) =>
    signedIn(caller, await services.sessions.refresh(caller, input.refreshToken)),

  signOut: async (_, __, { services, caller }) => {
    await services.sessions.signOut(caller)
    return OK
  },
  revokeSession: async (_, { input }, { services, caller }) => {
    await services.sessions.revoke(caller, decodeId('session', input.sessionId, ['input', 'sessionId']))
    return { viewer: viewerOf(caller) }
  },
  revokeOtherSessions: async (_, __, { services, caller }) => {
    const revokedCount = await services.sessions.revokeOthers(caller)
    return { viewer: viewerOf(caller), revokedCount }
  },
  changePassword: async (_, { input }, { services, caller }) => {
    await services.passwordChanges.change(caller, input)
    return { viewer: viewerOf(caller) }
  },
  requestPasswordReset: async (_, { input }, { services, caller }) => {
    await services.passwordResets.request(caller, input)
    return OK
  },
  requestSignInLink: async (_, { input }, { services, caller }) => {
    await services.signInLinks.request(caller, input)
    return OK
  },
  requestEmailVerification: async (_, __, { services, caller }) => {
    await services.emailAddresses.requestVerification(caller)
    return OK
  },
  requestEmailChange: async (_, { input }, { services, caller }) => {
    await services.emailAddresses.requestChange(caller, input)
    return OK
  },
  verifyEmail: async (_, { input }, { services, caller }) => {
    await services.emailAddresses.verify(caller, input)
    return OK
  },
  enrollTotp: (_, __, { services, caller }) => services.secondFactor.enroll(caller),
  confirmTotp: async (_, { input }, { services, caller }) => {
    const recoveryCodes = await services.secondFactor.confirm(caller, input.code)
    return { viewer: viewerOf(caller), recoveryCodes: [...recoveryCodes] }
  },
  disableTotp: async (_, { input }, { services, caller }) => {
    await services.secondFactor.disable(caller, input.code)
    return { viewer: viewerOf(caller) }
  },

  updateProfile: async (_, { input }, { services, caller }) => ({ user: await services.profiles.update(caller, input) }),
  blockUser: async (_, { input }, { services, caller }) => {
    await services.blocks.block(caller, decodeId('user', input.userId, ['input', 'userId']))
    return { viewer: viewerOf(caller) }
  },
  unblockUser: async (_, { input }, { services, caller }) => {
    await services.blocks.unblock(caller, decodeId('user', input.userId, ['input', 'userId']))
    return { viewer: viewerOf(caller) }
  },
  deleteAccount: async (_, { input }, { services, caller }) => ({
    deletedUserId: encodeId('user', await services.deletions.deleteOwn(caller, input.password)),
  }),

  createApiKey: (_, { input }, { services, caller }) => services.apiKeys.create(caller, input),
  revokeApiKey: async (_, { input }, { services, caller }) => {
    await services.apiKeys.revoke(caller, decodeId('api_key', input.apiKeyId, ['input', 'apiKeyId']))
    return { viewer: viewerOf(caller) }
  },
  authorizeClient: (_, { input }, { services, caller }) => services.authorizationCodes.authorize(caller, input),

  setUserRole: async (_, { input: { userId, role } }, { services, caller }) => ({
    user: await services.administration.setRole(caller, decodeId('user', userId, ['input', 'userId']), role),
  }),
  setUserSuspended: async (_, { input: { userId, suspended, reason } }, { services, caller }) => ({
    user: await services.administration.setSuspended(caller, decodeId('user', userId, ['input', 'userId']), suspended, reason),
  }),
  setAllowedClients: async (_, { input }, { services, caller }) => ({
    allowedClients: await services.allowedClients.set(caller, input.clients),
  }),
}
