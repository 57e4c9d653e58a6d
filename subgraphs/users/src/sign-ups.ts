import type { Caller } from '@ashlar/kit/caller'
import type { SignedIn } from './sessions.js'

export interface SignUpInput {
  readonly username: string
  readonly email: string
  readonly password: string
  readonly displayName?: string | null
  readonly idempotencyKey?: string | null
}

export interface GuestInput {
  readonly displayName?: string | null
  readonly idempotencyKey?: string | null
}

/** How accounts come to be. */
export class SignUps {
  /** null: the address has to be confirmed first. @throws BAD_USER_INPUT; CONFLICT with field; FORBIDDEN; RATE_LIMITED */
  async signUp(_caller: Caller, _input: SignUpInput): Promise<SignedIn | null> {
    throw new Error('not written yet')
  }
  /** @throws FORBIDDEN where the instance has no guests; BAD_USER_INPUT; RATE_LIMITED */
  async asGuest(_caller: Caller, _input: GuestInput): Promise<SignedIn> {
    throw new Error('not written yet')
  }
}
