import type { Caller, Identity } from '@ashlar/kit/caller'
import { forbidden, unauthenticated } from '@ashlar/kit/errors'

/** Who asks. @throws UNAUTHENTICATED */
export function signedIn({ identity }: Caller): Identity {
  if (!identity) throw unauthenticated()
  return identity
}

/** A full session, as all wants that changes credentials or the account. @throws UNAUTHENTICATED; FORBIDDEN for apps and keys. */
export function fullSession(caller: Caller): Identity {
  const identity = signedIn(caller)
  if (identity.credential !== 'session') throw forbidden('Apps and keys may not change credentials or the account.')
  return identity
}

/** A session, an app's too. @throws UNAUTHENTICATED; FORBIDDEN for a key. */
export function ownSession(caller: Caller): Identity {
  const identity = signedIn(caller)
  if (identity.credential === 'key') throw forbidden('A key has no session.')
  return identity
}

/** As whom the user's own things are changed. @throws UNAUTHENTICATED; FORBIDDEN for a credential that does not reach them */
export function ownWriter(caller: Caller): string {
  signedIn(caller)
  if (caller.userId === null) throw forbidden()
  return caller.userId
}

/** @throws UNAUTHENTICATED; FORBIDDEN */
export function administrator(caller: Caller): Identity {
  const identity = signedIn(caller)
  if (!caller.may('users:admin')) throw forbidden()
  return identity
}
