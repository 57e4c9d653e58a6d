import { fieldOf, isObject, setField } from './json-text.js'

/** Where in an answer entities stand: keys, and `@` for each element of a list. */
export type DataPath = readonly string[]
export type ResponsePath = readonly (string | number)[]

export const EACH = '@'

type Data = Record<string, unknown>

/**
 * Goes to the objects at a path, and puts in the place of each what `visit` answers. What has another form than the path says is passed by;
 * who writes the answer finds out.
 * @param shared what stands in several places, and is walked through once
 */
export function visitAt(root: Data, path: DataPath, shared: ReadonlySet<object> | null, visit: (object: Data) => Data): void {
  const seen = shared && new Set<object>()

  function isNew(value: object): boolean {
    if (!seen || !shared?.has(value)) return true
    if (seen.has(value)) return false
    seen.add(value)
    return true
  }

  /** Answers what is to stand in the value's place. */
  function walk(value: unknown, from: number): unknown {
    if (from === path.length) return isObject(value) ? visit(value) : value
    const step = path[from] as string
    if (step === EACH) {
      if (Array.isArray(value) && isNew(value)) for (let at = 0; at < value.length; at += 1) stand(value, at, walk(value[at], from + 1))
    } else if (isObject(value) && isNew(value)) {
      const before = fieldOf(value, step)
      const after = walk(before, from + 1)
      if (after !== before) setField(value, step, after)
    }
    return value
  }

  walk(root, 0)
}

function stand(list: unknown[], at: number, value: unknown): void {
  if (list[at] !== value) list[at] = value
}

/** Every place where the objects at a path stand, in the order of the answer. Ends where `visit` answers false. */
export function placesOf(root: object, path: DataPath, visit: (object: Record<string, unknown>, place: ResponsePath) => boolean): void {
  const place: (string | number)[] = []

  function walk(value: unknown, from: number): boolean {
    if (from === path.length) return !isObject(value) || visit(value, [...place])
    const step = path[from] as string
    if (step !== EACH) return !isObject(value) || within(step, fieldOf(value, step), from)
    return !Array.isArray(value) || value.every((item, index) => within(index, item, from))
  }

  function within(key: string | number, value: unknown, from: number): boolean {
    place.push(key)
    const goesOn = walk(value, from + 1)
    place.pop()
    return goesOn
  }

  walk(root, 0)
}

/** What stands at a place; undefined where there is nothing. */
export const valueAt = (root: object, place: ResponsePath): unknown =>
  place.reduce<unknown>((value, step) => (typeof value === 'object' && value !== null ? fieldOf(value, String(step)) : undefined), root)
