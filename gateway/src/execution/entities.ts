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
    if (isFlat(entity)) {
      const candidates = this.byRepresentation.get(representation)
      const same = candidates && findSame(candidates, entity)
      if (same) {
        this.shared.add(same)
        return same as Entity
      }
      if (candidates) candidates.push(entity)
      else this.byRepresentation.set(representation, [entity])
    }
    this.known.add(entity)
    return entity
  }

  /** Says that fetches are about an object as it stands. */
  keep(entity: Data): void {
    this.known.add(entity)
  }
}

// Loops over keys rather than lists of them: this is asked of each entity at each of its places.

function findSame(candidates: readonly Data[], entity: Data): Data | null {
  for (const each of candidates) if (saysTheSame(each, entity)) return each
  return null
}

function saysTheSame(one: Data, other: Data): boolean {
  let missing = 0
  for (const key in one) {
    if (typeof one[key] === 'object' && one[key] !== null) return false
    missing += 1
  }
  for (const key in other) {
    if (one[key] !== other[key]) return false
    missing -= 1
  }
  return missing === 0
}

function isFlat(entity: Data): boolean {
  for (const key in entity) if (typeof entity[key] === 'object' && entity[key] !== null) return false
  return true
}
