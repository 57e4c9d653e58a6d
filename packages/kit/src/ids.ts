import { TypeID } from 'typeid-js'
import { parse as parseUuid, stringify as stringifyUuid, v7 } from 'uuid'
import { badUserInput } from './errors.js'

/** A new id as the database holds it: a UUIDv7, so that ids grow with time. */
export const newId = (): string => v7()

/** The id as clients see it: `encodeId('post', uuid)` is `post_01h…`. */
export const encodeId = (type: string, uuid: string): string => TypeID.fromUUIDBytes(type, parseUuid(uuid)).toString()

/** The uuid behind a client's id of a known type. Throws BAD_USER_INPUT for one of another type or none at all. */
export function decodeId(type: string, id: string, path: string | readonly (string | number)[] = 'id'): string {
  const decoded = decodeAnyId(id)
  if (decoded?.type !== type) throw badUserInput(path, `is not the id of a ${type.replaceAll('_', ' ')}`)
  return decoded.uuid
}

/** The type and uuid that an id tells; null if it is no TypeID. */
export function decodeAnyId(id: string): { type: string; uuid: string } | null {
  // A TypeID is at most a prefix of 63, an underscore and 26 characters: nothing longer is looked at.
  if (typeof id !== 'string' || id.length > 90) return null
  try {
    const decoded = TypeID.fromString(id)
    const type = decoded.getType()
    return type ? { type, uuid: stringifyUuid(decoded.toUUIDBytes()) } : null
  } catch {
    return null
  }
}

/** The prefix of a GraphQL type's ids: `ChatMessage` is `chat_message`. */
export const idPrefix = (typeName: string): string => typeName.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase()
