type Data = Record<string, unknown>

/**
 * The objects that stand at a path, each once, as they were found there last: several fetches of one plan are about the same ones, and most
 * of what comes in between are plain values that move nothing.
 */
export class FoundObjects {
  private readonly byPath = new Map<string, ReadonlySet<Data>>()

  at(path: string): ReadonlySet<Data> | undefined {
    return this.byPath.get(path)
  }

  keep(path: string, objects: ReadonlySet<Data>): void {
    this.byPath.set(path, objects)
  }

  /** Says that objects or lists have come into the data: there may be more at any path. */
  forget(): void {
    this.byPath.clear()
  }
}
