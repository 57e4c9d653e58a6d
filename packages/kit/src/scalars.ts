import { GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql'
import { checkJsonObject } from './json-object.js'

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/
const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(2200, 0, 1)
const URL_MAX = 2_048
/** RFC 5321, 4.5.3.1: a path of 256 octets with its angle brackets, a local part of 64, a label of 63 (RFC 1035). */
const EMAIL_MAX = 254
const LOCAL_PART_MAX = 64
/** A dot-atom: RFC 5321 would let it be quoted as well, which no mailbox that people use is. RFC 6531 adds letters of every script. */
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const DOMAIN =
  /^(?:[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)(?:\.[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,61}[\p{L}\p{M}\p{N}])?)*$/u

/** A scalar that travels as a string. `parse` throws a TypeError whose message ends the sentence "DateTime …". */
function textScalar<Value>(name: string, description: string, parse: (text: string) => Value, serialize: (value: unknown) => string) {
  const read = (value: unknown): Value => {
    if (typeof value !== 'string') throw new TypeError(`${name} is a string`)
    return parse(value)
  }
  return new GraphQLScalarType<Value, string>({
    name,
    description,
    serialize,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  })
}

export function parseDateTime(text: string): Date {
  const time = RFC_3339.test(text) ? Date.parse(text) : Number.NaN
  // JavaScript reads the 31st of February as a day in March.
  const day = Number(text.slice(8, 10))
  const lastDay = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
  if (Number.isNaN(time) || day > lastDay) throw new TypeError('DateTime is a time by RFC 3339, such as 2026-11-25T12:00:00Z')
  if (time < EARLIEST || time >= LATEST) throw new TypeError('DateTime is from 1970 to 2200')
  return new Date(time)
}

export function parseUrl(text: string): string {
  const url = text.length <= URL_MAX && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(text) && URL.canParse(text) ? new URL(text) : null
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new TypeError('URL is an http or https address of up to 2,048 characters')
  return text
}

export function parseEmailAddress(text: string): string {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = text.slice(at + 1)
  const fits = text.length <= EMAIL_MAX && Buffer.byteLength(text) <= EMAIL_MAX && Buffer.byteLength(local) <= LOCAL_PART_MAX
  if (!fits || !LOCAL_PART.test(local) || !DOMAIN.test(domain)) throw new TypeError('EmailAddress is an address such as ada@example.com')
  return text
}

const asText = (value: unknown): string => String(value)

const DateTime = textScalar('DateTime', 'A time by RFC 3339, to the millisecond, in UTC.', parseDateTime, (value) => {
  if (!(value instanceof Date)) throw new TypeError('a DateTime was answered that is no Date')
  return value.toISOString()
})

const JSONObject = new GraphQLScalarType<Record<string, unknown>>({
  name: 'JSONObject',
  description: 'A JSON object: at most 16 KiB, 8 levels and 200 keys.',
  serialize: (value) => value as Record<string, unknown>,
  parseValue: checkJsonObject,
  parseLiteral: (node, variables) => checkJsonObject(valueFromASTUntyped(node, variables)),
})

/** The resolvers of every scalar of the contract; a subgraph takes those that its schema names. */
export const scalars = {
  DateTime,
  EmailAddress: textScalar('EmailAddress', 'An e-mail address by RFC 5321.', parseEmailAddress, asText),
  JSONObject,
  URL: textScalar('URL', 'An http or https address of up to 2,048 characters.', parseUrl, asText),
}
