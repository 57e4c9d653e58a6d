import type { Caller } from '@ashlar/kit/caller'
import type { LinkOwner } from './mail-tokens.js'

/** The addresses of accounts: confirmed, and changed. */
export class EmailAddresses {
  async requestVerification(_caller: Caller): Promise<void> {
    throw new Error('not written yet')
  }
  async requestChange(
    _caller: Caller,
    _input: { readonly email: string; readonly currentPassword?: string | null; readonly totpCode?: string | null },
  ): Promise<void> {
    throw new Error('not written yet')
  }
  /** Changes nothing. null for a link that is not valid, or no longer. */
  async peek(_token: string): Promise<LinkOwner | null> {
    throw new Error('not written yet')
  }
  /** Also makes the account of a sign-up that waited for it. @throws UNAUTHENTICATED for a link that is not valid; CONFLICT with field */
  async verify(_caller: Caller, _input: { readonly token: string }): Promise<void> {
    throw new Error('not written yet')
  }
}
