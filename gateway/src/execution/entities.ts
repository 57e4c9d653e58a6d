type Data = Readonly<Record<string, unknown>>

/**
 * The entities of one run that fetches are about: one object for each, as far as it is sure that two are the same. What comes in then has
 * to be put in one place, and is written once.
 */
export class Entities {
  private readonly shared = new Set<object>()
  private readonly byRepresentation = new Map<string, Data[]>()
  private readonly known = new Set<object>()

  /** Objects that stand in several places, and what came into them together; null where there is none. */
  get inSeveralPlaces(): ReadonlySet<object> | null {
    return this.shared.size > 0 ? this.shared : null
  }

  /** Says that something stands in several places. */
  share(value: object): void {
    this.shared.add(value)
  }

  /**
   * The object that is to stand for an entity: one that was there before and says just the same, of plain values alone, or else this one.
   * One that was answered is what fetches may wait for: it is never given up for another.
   */
  one<Entity extends Data>(entity: Entity, representation: string): Entity {
    if (this.known.has(entity)) return entity
    const candidates = this.byRepresentation.get(representation)
    const same = candidates?.find((each) => saysTheSame(each, entity))
    if (same) {
      this.shared.add(same)
      return same as Entity
    }
    this.known.add(entity)
    if (candidates) candidates.push(entity)
    else this.byRepresentation.set(representation, [entity])
    return entity
  }
}

function saysTheSame(one: Data, other: Data): boolean {
  const keys = Object.keys(other)
  return keys.length === Object.keys(one).length && keys.every((key) => isPlain(other[key]) && one[key] === other[key])
}

const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null
