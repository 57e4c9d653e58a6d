import type { Viewer } from './viewer.js'

/** Answers being made that others may wait for; beyond it each makes its own. */
const FLIGHTS_MAX = 10_000

/**
 * Makes what several ask at the same time once. A query never joins a flight that began before the last write of the same viewer ended: it
 * might not show it.
 */
export class Flights<Answer> {
  private readonly open = new Map<string | null, Map<string, Promise<Answer>>>()
  private size = 0
  private joinedSoFar = 0

  /** How many have got the answer of another so far. */
  get joined(): number {
    return this.joinedSoFar
  }

  /** What is being made under this key, else what `make` makes. Who joins gets the same answer, or the same failure. */
  share({ person }: Viewer, key: string, make: () => Promise<Answer>): Promise<Answer> {
    const own = this.open.get(person)
    const flight = own?.get(key)
    if (flight) {
      this.joinedSoFar += 1
      return flight
    }
    if (this.size >= FLIGHTS_MAX) return make()
    const flights = own ?? new Map<string, Promise<Answer>>()
    if (!own) this.open.set(person, flights)
    this.size += 1
    const made = make().finally(() => this.land(person, flights, key))
    flights.set(key, made)
    return made
  }

  /** A write of this viewer's has ended, whatever came of it: who comes now joins nothing that began before. */
  wrote({ person }: Viewer): void {
    this.size -= this.open.get(person)?.size ?? 0
    this.open.delete(person)
  }

  private land(person: string | null, flights: Map<string, Promise<Answer>>, key: string): void {
    // After a write they are no longer counted, and their place may be another's.
    if (this.open.get(person) !== flights) return
    flights.delete(key)
    this.size -= 1
    if (flights.size === 0) this.open.delete(person)
  }
}
