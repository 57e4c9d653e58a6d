/**
 * Numbers that look random and come again with the same seed, so that a run that found something can be run again. The generator is
 * mulberry32: 32 bits of state, good enough to choose with and for nothing secret.
 */
export class Seeded {
  private state: number

  constructor(readonly seed: number) {
    this.state = seed >>> 0
  }

  /** A stream of its own for each name: who draws more changes nothing for the others. */
  fork(name: string): Seeded {
    // FNV-1a.
    let hash = 0x811c9dc5 ^ this.seed
    for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
    return new Seeded(hash >>> 0)
  }

  /** From 0 up to but not 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 up to but not `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  between(min: number, max: number): number {
    return min + this.next() * (max - min)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** @throws RangeError for an empty list */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('there is nothing to choose from')
    return item
  }

  /** How long until something happens that happens every `mean` on average (exponential distribution). */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }
}

/** A seed of which people can tell each other. */
export const newSeed = (): number => Math.floor(Math.random() * 1_000_000)
