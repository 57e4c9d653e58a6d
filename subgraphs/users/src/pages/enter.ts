import { AshlarError } from '@ashlar/kit/errors'
import type { OpenIdClaims } from '../openid/claims.js'
import type { SignedIn } from '../sessions.js'
import { type Answer, redirectTo } from './answer.js'
import { secondFactor } from './second-factor.js'
import type { Visit } from './visit.js'

/** A way into an account, as far as it has come before the second factor. */
export type Entry =
  | { readonly by: 'password'; readonly login: string; readonly password: string }
  | { readonly by: 'link'; readonly token: string }
  | { readonly by: 'reset'; readonly token: string; readonly newPassword: string }
  | { readonly by: 'openid'; readonly claims: OpenIdClaims }

/** Signs in, or asks for the second factor first. @throws what the services throw, for the page to tell. */
export async function enter(visit: Visit, entry: Entry): Promise<Answer> {
  try {
    return await entered(visit, await signIn(visit, entry, null))
  } catch (error) {
    if (error instanceof AshlarError && error.code === 'TOTP_REQUIRED') return secondFactor(visit, entry)
    throw error
  }
}

/** Hands the way in to its service, which holds all the rules. */
export function signIn({ caller, house: { services } }: Visit, entry: Entry, totpCode: string | null): Promise<SignedIn> {
  switch (entry.by) {
    case 'password':
      return services.signIns.withPassword(caller, { login: entry.login, password: entry.password, totpCode })
    case 'link':
      return services.signInLinks.signIn(caller, { token: entry.token, totpCode })
    case 'reset':
      return services.passwordResets.reset(caller, { token: entry.token, newPassword: entry.newPassword, totpCode })
    case 'openid':
      return services.signIns.withClaims(caller, entry.claims, totpCode)
  }
}

/** Where a person goes who has just signed in. Another session that this browser had before ends: nobody could reach it any more. */
export async function entered(visit: Visit, { identity }: SignedIn): Promise<Answer> {
  const before = visit.caller.identity
  if (before && before.credentialId !== identity.credentialId) {
    await visit.house.services.sessions.signOut(visit.callerFor(before, {}))
  }
  return redirectTo(visit.returnTo ?? '/sign-in')
}
