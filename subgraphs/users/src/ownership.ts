import type { Caller } from '@ashlar/kit/caller'
import type { SignedIn } from './sessions.js'

/** The first ADMIN. */
export class Ownership {
  /** A new link to become the owner, good for 24 h; the one before dies. null where there is an ADMIN. Called once a start. */
  async link(): Promise<string | null> {
    throw new Error('not written yet')
  }
  /** Whether the link would be taken now. Changes nothing. */
  async peek(_token: string): Promise<boolean> {
    throw new Error('not written yet')
  }
  /** @throws UNAUTHENTICATED for a link that is not valid, or no longer; BAD_USER_INPUT; CONFLICT with field */
  async claim(
    _caller: Caller,
    _input: { readonly token: string; readonly username: string; readonly email: string; readonly password: string },
  ): Promise<SignedIn> {
    throw new Error('not written yet')
  }
  /** For OWNER_EMAIL and OWNER_PASSWORD; does nothing, and answers false, where there is an ADMIN. @throws BAD_USER_INPUT */
  async claimUnattended(_email: string, _password: string): Promise<boolean> {
    throw new Error('not written yet')
  }
}
