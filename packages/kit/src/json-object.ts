const BYTES_MAX = 16 * 1024
const DEPTH_MAX = 8
const KEYS_MAX = 200
const CONTROL_OR_HALF = /[^\P{Cc}\n\t]|\p{Cs}/u
/** What code that copies objects by assignment would take for something else. */
const FORBIDDEN_KEY = '__proto__'

/** The object, checked against the contract's bounds; call it again after a merge. @throws TypeError that says what is wrong */
export function checkJsonObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('JSONObject is an object')
  const found = { keys: 0 }
  check(value, 1, found)
  if (Buffer.byteLength(JSON.stringify(value)) > BYTES_MAX) throw new TypeError('JSONObject has at most 16 KiB')
  return value as Record<string, unknown>
}

function check(value: unknown, depth: number, found: { keys: number }): void {
  if (typeof value === 'string') checkText(value)
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('JSONObject has finite numbers only')
  if (typeof value !== 'object' || value === null) return
  if (depth > DEPTH_MAX) throw new TypeError(`JSONObject has at most ${DEPTH_MAX} levels`)
  const list = Array.isArray(value)
  // A list can be long without a key; its bytes bound it, and are counted before it is walked through.
  if (list && value.length > BYTES_MAX) throw new TypeError('JSONObject has at most 16 KiB')
  for (const [key, inner] of Object.entries(value)) {
    if (!list) {
      found.keys += 1
      if (found.keys > KEYS_MAX) throw new TypeError(`JSONObject has at most ${KEYS_MAX} keys`)
      if (key === FORBIDDEN_KEY) throw new TypeError(`JSONObject has no key ${key}`)
      checkText(key)
    }
    check(inner, depth + 1, found)
  }
}

function checkText(text: string): void {
  if (CONTROL_OR_HALF.test(text)) throw new TypeError('JSONObject has no control characters but line feeds and tabs')
}
