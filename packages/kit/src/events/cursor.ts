import { staleCursor } from '../errors.js'

/** A place in a log: behind all events up to a position, in one epoch of the log. */
export interface Place {
  readonly epoch: string
  readonly position: number
}

const LENGTH_MAX = 128
const CURSOR = /^([0-9a-f]{12})\.(\d{1,15})$/

/** A place as clients get it; it serves subscriptions and pages alike, across sign-ins, restarts and deployments. */
export const encodePlace = ({ epoch, position }: Place): string => Buffer.from(`${epoch}.${position}`).toString('base64url')

/** @throws STALE_CURSOR for what was never given */
export function decodePlace(cursor: string): Place {
  const [, epoch, position] = cursor.length <= LENGTH_MAX ? (CURSOR.exec(Buffer.from(cursor, 'base64url').toString()) ?? []) : []
  if (epoch === undefined || position === undefined) throw staleCursor()
  return { epoch, position: Number(position) }
}
