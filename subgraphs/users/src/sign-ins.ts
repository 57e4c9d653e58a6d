import type { Caller } from '@ashlar/kit/caller'
import type { OpenIdClaims } from './openid/claims.js'
import type { SignedIn } from './sessions.js'

/** Signing in with a password, or as whom an OpenID provider says. */
export class SignIns {
  /** @throws UNAUTHENTICATED, the same for an unknown account and a wrong password; TOTP_REQUIRED; RATE_LIMITED */
  async withPassword(
    _caller: Caller,
    _input: { readonly login: string; readonly password: string; readonly totpCode?: string | null },
  ): Promise<SignedIn> {
    throw new Error('not written yet')
  }
  /** @throws BAD_USER_INPUT for an unknown provider; UNAUTHENTICATED; TOTP_REQUIRED; FORBIDDEN where sign-ups are closed; SUBGRAPH_UNAVAILABLE */
  async withIdToken(
    _caller: Caller,
    _input: { readonly provider: string; readonly idToken: string; readonly nonce?: string | null; readonly totpCode?: string | null },
  ): Promise<SignedIn> {
    throw new Error('not written yet')
  }
  /** For claims that were checked: those that OpenId answers. @throws UNAUTHENTICATED; TOTP_REQUIRED; FORBIDDEN where sign-ups are closed */
  async withClaims(_caller: Caller, _claims: OpenIdClaims, _totpCode?: string | null): Promise<SignedIn> {
    throw new Error('not written yet')
  }
}
