import type { Caller } from '@ashlar/kit/caller'
import type { SignedIn } from './sessions.js'

export class AuthorizationCodes {
  async authorize(
    _caller: Caller,
    _input: { readonly client: string; readonly codeChallenge: string; readonly scopes?: readonly string[] | null },
  ): Promise<{ readonly code: string; readonly expiresAt: Date }> {
    throw new Error('not written yet')
  }
  async exchange(_caller: Caller, _input: { readonly code: string; readonly codeVerifier: string }): Promise<SignedIn> {
    throw new Error('not written yet')
  }
}
