import { fieldOf } from './json-text.js'

/** The texts of what was written as JSON, for who sends it on. */
const texts = new WeakMap<object, string>()
/** What it was written from. */
const merged = new WeakMap<object, object>()

/**
 * `data` that is written already: who only sends it takes the text, and who reads it, such as a plug-in, finds the fields, parsed when the
 * first is asked for.
 */
export function writtenData(text: string, keys: readonly string[], from?: object): Readonly<Record<string, unknown>> {
  let parsed: Record<string, unknown> | undefined
  const read = (key: string) => {
    parsed ??= JSON.parse(text) as Record<string, unknown>
    return fieldOf(parsed, key)
  }
  const data = Object.create(null)
  for (const key of keys) Object.defineProperty(data, key, { enumerable: true, get: () => read(key) })
  texts.set(data, text)
  if (from) merged.set(data, from)
  return data
}

/** All that the services have answered, merged: what `data` was written from, and the keys of its entities. */
export const mergedDataOf = (data: object): object | undefined => merged.get(data)

/** An answer as JSON and a line's end, with its data as it was written. */
export function stringifyAnswer(answer: { readonly data?: unknown }): string {
  const { data, ...rest } = answer
  const text = typeof data === 'object' && data !== null ? texts.get(data) : undefined
  if (text === undefined) return `${JSON.stringify(answer)}\n`
  const others = JSON.stringify(rest)
  return others === '{}' ? `{"data":${text}}\n` : `{"data":${text},${others.slice(1)}\n`
}
