import type { Caller } from '@ashlar/kit/caller'
import type { LinkOwner } from './mail-tokens.js'
import type { SignedIn } from './sessions.js'

export class SignInLinks {
  /** Always succeeds, but for RATE_LIMITED by address. */
  async request(_caller: Caller, _input: { readonly email: string }): Promise<void> {
    throw new Error('not written yet')
  }
  /** Changes nothing. null for a link that is not valid, or no longer. */
  async peek(_token: string): Promise<LinkOwner | null> {
    throw new Error('not written yet')
  }
  /** @throws UNAUTHENTICATED; TOTP_REQUIRED, which leaves the token usable */
  async signIn(_caller: Caller, _input: { readonly token: string; readonly totpCode?: string | null }): Promise<SignedIn> {
    throw new Error('not written yet')
  }
}
