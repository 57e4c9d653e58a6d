import { fieldOf, isObject, setField } from './json-text.js'

type Data = Record<string, unknown>

/**
 * Puts what a service answered into what there is, by reference as far as there is nothing yet. Null does not take the place of a value:
 * `viewer`, which several services answer, is there if one of them says so.
 */
export const merge = (target: Data, source: Readonly<Data>): void => mergeIntoAll([target], source, () => {})

/**
 * The same for everything that one entity is.
 * @param came told of each object and list that comes in; several of the targets now have it between them
 */
export function mergeIntoAll(targets: readonly Data[], source: Readonly<Data>, came: (value: object) => void): void {
  for (const key of Object.keys(source)) {
    const added = fieldOf(source, key)
    if (typeof added === 'object' && added !== null) came(added)
    for (const target of targets) {
      const present = Object.hasOwn(target, key) ? fieldOf(target, key) : undefined
      if (present === undefined || present === null) setField(target, key, added)
      else if (present !== added) mergeValues(present, added)
    }
  }
}

/** Of lists that two services answer, the elements belong together by their places. */
function mergeValues(present: unknown, added: unknown): void {
  if (isObject(present) && isObject(added)) merge(present, added)
  else if (Array.isArray(present) && Array.isArray(added))
    for (let at = 0; at < Math.min(present.length, added.length); at += 1) mergeValues(present[at], added[at])
}
