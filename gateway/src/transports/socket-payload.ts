import { CloseCode } from 'graphql-ws'
import type { Shown } from '../http/asking.js'
import { SocketFault } from './socket-fault.js'

/** Of `connection_init` or `ping`. */
export type Payload = Readonly<Record<string, unknown>> | undefined

/** Whether a message says anew who comes. */
export const showsCredential = (payload: Payload): boolean =>
  payload !== undefined && ['accessToken', 'authorization', 'Authorization'].some((name) => payload[name] != null)

/**
 * What the payload of `connection_init` or `ping` shows: `accessToken`, or `authorization` as the header would have it; and `scopes` to be
 * narrowed to, as `Ashlar-Scopes` has them. What it does not show stays as it was.
 * @throws SocketFault in words for whoever writes a client
 */
export function shownIn(payload: Payload, before: Shown): Shown {
  const { accessToken, authorization, Authorization, scopes } = payload ?? {}
  const token = text('accessToken', accessToken)
  const header = text('authorization', authorization ?? Authorization)
  return {
    authorization: token !== undefined ? `Bearer ${token}` : (header ?? before.authorization),
    scopes: text('scopes', Array.isArray(scopes) ? scopes.join(' ') : scopes) ?? before.scopes,
  }
}

function text(name: string, value: unknown): string | undefined {
  if (value == null) return undefined
  if (typeof value !== 'string') throw new SocketFault(CloseCode.BadRequest, `"${name}" is a string`)
  return value
}
