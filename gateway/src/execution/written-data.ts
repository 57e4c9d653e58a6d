import { fieldOf } from './json-text.js'

type Data = Readonly<Record<string, unknown>>

/** What nobody sees who looks at the data. */
class Written {
  readonly #text: string
  readonly #from: object | undefined
  #parsed: Data | undefined

  constructor(text: string, from: object | undefined) {
    this.#text = text
    this.#from = from
  }

  static textOf(data: unknown): string | undefined {
    return typeof data === 'object' && data !== null && #text in data ? data.#text : undefined
  }

  static sourceOf(data: object): object | undefined {
    return #from in data ? data.#from : undefined
  }

  static read(data: Written, key: string): unknown {
    data.#parsed ??= JSON.parse(data.#text) as Data
    return fieldOf(data.#parsed, key)
  }
}
Object.setPrototypeOf(Written.prototype, null)

/**
 * Makes `data` that is written already: who only sends it takes the text, and who reads it, such as a plug-in, finds the fields, parsed
 * when the first is asked for.
 * @param keys of all data that it makes
 */
export function writtenWith(keys: readonly string[]): (text: string, from?: object) => Data {
  // The same getters for all: V8 keeps accessors with an object's form, and so, had each its own, all answers until it looks through the
  // old generation.
  const fields: PropertyDescriptorMap = Object.create(null)
  for (const key of keys)
    Object.defineProperty(fields, key, {
      enumerable: true,
      value: {
        enumerable: true,
        get(this: Written) {
          return Written.read(this, key)
        },
      },
    })
  return (text, from) => Object.defineProperties(new Written(text, from), fields) as unknown as Data
}

/** All that the services have answered, merged: what `data` was written from, and the keys of its entities. */
export const mergedDataOf = (data: object): object | undefined => Written.sourceOf(data)

/** An answer as JSON and a line's end, with its data as it was written. */
export function stringifyAnswer(answer: { readonly data?: unknown }): string {
  const { data, ...rest } = answer
  const text = Written.textOf(data)
  if (text === undefined) return `${JSON.stringify(answer)}\n`
  const others = JSON.stringify(rest)
  return others === '{}' ? `{"data":${text}}\n` : `{"data":${text},${others.slice(1)}\n`
}
