import { fieldOf, isObject } from './json-text.js'

/** Where in an answer entities stand: keys, and `@` for each element of a list. */
export type DataPath = readonly string[]
export type ResponsePath = readonly (string | number)[]

const EACH = '@'

type Objects = readonly Record<string, unknown>[]

/**
 * The objects at a path. What has another form than the path says is passed by; who writes the answer finds out.
 * @param shared whether one object may stand in many places: each is walked through and answered once
 */
export function objectsAt(root: object, path: DataPath, shared: boolean): Objects {
  const found: Record<string, unknown>[] = []
  const seen = shared ? new Set<unknown>() : null

  function isNew(value: unknown): boolean {
    if (!seen) return true
    if (seen.has(value)) return false
    seen.add(value)
    return true
  }

  function walk(value: unknown, from: number): void {
    let current = value
    for (let at = from; at < path.length; at += 1) {
      const step = path[at] as string
      if (step === EACH) {
        if (Array.isArray(current) && isNew(current)) for (const item of current) walk(item, at + 1)
        return
      }
      if (!isObject(current)) return
      current = fieldOf(current, step)
    }
    if (isObject(current) && isNew(current)) found.push(current)
  }

  walk(root, 0)
  return found
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
