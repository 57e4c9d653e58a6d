import { fieldOf, isObject, setField } from './json-text.js'

type Data = Record<string, unknown>

export interface Merging {
  /** Whether a type's name is that of an interface: who said so knows no more, and whoever does says more. */
  readonly isInterface: (typeName: unknown) => boolean
  /** Told of each object and list that comes in; several of the targets now have it between them. */
  readonly came?: (value: object) => void
}

/**
 * Puts what a service answered into what there is, by reference as far as there is nothing yet. Null does not take the place of a value:
 * `viewer`, which several services answer, is there if one of them says so.
 */
export const merge = (target: Data, source: Readonly<Data>, merging: Merging): void => mergeIntoAll([target], source, merging)

/** The same for everything that one entity is. */
export function mergeIntoAll(targets: readonly Data[], source: Readonly<Data>, { isInterface, came }: Merging): void {
  for (const key of Object.keys(source)) {
    const added = fieldOf(source, key)
    if (came && typeof added === 'object' && added !== null) came(added)
    for (const target of targets) {
      const present = Object.hasOwn(target, key) ? fieldOf(target, key) : undefined
      if (present === undefined || present === null) setField(target, key, added)
      else if (present !== added) {
        if (typeof present === 'object') mergeValues(present, added, isInterface)
        else if (key === '__typename' && isInterface(present)) setField(target, key, added)
      }
    }
  }
}

/** Of lists that two services answer, the elements belong together by their places. */
function mergeValues(present: unknown, added: unknown, isInterface: Merging['isInterface']): void {
  if (isObject(present) && isObject(added)) merge(present, added, { isInterface })
  else if (Array.isArray(present) && Array.isArray(added))
    for (let at = 0; at < Math.min(present.length, added.length); at += 1) mergeValues(present[at], added[at], isInterface)
}
