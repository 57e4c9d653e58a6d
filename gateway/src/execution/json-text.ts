/** Whatever JSON writes in another way than it stands: quotes, backslashes, control characters, surrogates (of which lone ones are escaped). */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/

/** A string as JSON. Most need no escaping, and finding that out is cheaper than `JSON.stringify`. */
export const quoted = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`)

/** A value as JSON; undefined for what JSON has no word for. */
export function jsonOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'boolean':
      return value ? 'true' : 'false'
    default:
      return JSON.stringify(value)
  }
}

const PROTO = '__proto__'

/** What stands in parsed JSON under a key, which may be named like something that every object inherits: all of that but one are functions. */
export function fieldOf(value: object, key: string): unknown {
  const found = key === PROTO ? Object.getOwnPropertyDescriptor(value, key)?.value : (value as Record<string, unknown>)[key]
  return typeof found === 'function' ? undefined : found
}

/** Puts a value under a key, whatever it is called. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== PROTO) object[key] = value
  else Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
