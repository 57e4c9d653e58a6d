import { SocketCode } from '@ashlar/kit/sockets/farewell'
import { CloseCode } from 'graphql-ws'
import type { Credential, Ending } from './credential.js'

/** Why a socket is closed: its message is what the client is told. */
export class SocketFault extends Error {
  override name = 'SocketFault'

  constructor(
    readonly code: number,
    reason: string,
  ) {
    super(reason)
  }
}

/** A credential that has ended: clients come back after 4403 with a new token, and not at all after 4401. */
export const endingFault = (ending: Ending): SocketFault =>
  ending === 'ENDED'
    ? new SocketFault(CloseCode.Unauthorized, 'Unauthorized: the session has ended')
    : new SocketFault(CloseCode.Forbidden, 'Forbidden: the token has expired. Come back with a new one.')

/** One that was not taken; without a reason of its own it is another person's. */
export function refusalFault(brought: Credential | undefined): SocketFault {
  const { endedBefore = null, refused = null } = brought ?? {}
  if (endedBefore) return endingFault(endedBefore)
  if (!refused) return new SocketFault(CloseCode.Forbidden, 'Forbidden: this socket is of somebody else')
  if (refused.code === 'UNAUTHENTICATED') return new SocketFault(CloseCode.Forbidden, `Forbidden: ${refused.message}`)
  return new SocketFault(SocketCode.TryAgainLater, refused.message)
}
