/** Names that are told by themselves. */
const TOLD_MAX = 200
/** Further names that are watched for becoming one of them. */
const WATCHED_MAX = 1_000
/** Of a name, no more is told. */
export const NAME_CHARS_MAX = 100
/** What was asked long ago counts ever less. */
const HALVED_EVERY = 100_000
/** A name takes the place of another that is so much rarer, and is worth looking at. */
const RATIO = 2
const WORTH = 100

const ANONYMOUS = 'anonymous'
export const OTHER = 'other'

export interface NamedLines<Lines> {
  open(name: string): Lines
  /** The name is one of the others from now on, with all that was counted of it. */
  close(lines: Lines, others: Lines): void
}

interface Told<Lines> {
  readonly lines: Lines
  seen: number
}

/**
 * What is counted by the names of operations, which anybody can make up: the 200 most frequent have lines of their own, and all others
 * share one, so that there are never more, whatever is asked.
 */
export class OperationNames<Lines> {
  private readonly told = new Map<string, Told<Lines>>()
  private readonly watched = new Map<string, number>()
  private readonly anonymous: Lines
  private readonly others: Lines
  private seen = 0

  constructor(private readonly of: NamedLines<Lines>) {
    this.anonymous = of.open(ANONYMOUS)
    this.others = of.open(OTHER)
  }

  /** @param name of an operation that is asked; null for one without */
  linesOf(name: string | null): Lines {
    if (name === null) return this.anonymous
    this.seen += 1
    if (this.seen >= HALVED_EVERY) this.halve()
    const told = this.told.get(name)
    if (told) {
      told.seen += 1
      return told.lines
    }
    if (name.length > NAME_CHARS_MAX || name === OTHER || name === ANONYMOUS) return this.others
    if (this.told.size < TOLD_MAX) return this.tell(name, 1)
    return this.watch(name)
  }

  private tell(name: string, seen: number): Lines {
    const lines = this.of.open(name)
    this.told.set(name, { lines, seen })
    return lines
  }

  private watch(name: string): Lines {
    const seen = (this.watched.get(name) ?? 0) + 1
    if (seen % WORTH === 0) {
      const [rarest, told] = this.rarest()
      if (seen >= RATIO * told.seen) {
        this.watched.delete(name)
        this.told.delete(rarest)
        this.of.close(told.lines, this.others)
        return this.tell(name, seen)
      }
    }
    if (this.watched.size >= WATCHED_MAX && seen === 1) this.forgetRare()
    this.watched.set(name, seen)
    return this.others
  }

  private rarest(): readonly [string, Told<Lines>] {
    return [...this.told].reduce((rarest, each) => (each[1].seen < rarest[1].seen ? each : rarest))
  }

  /** Makes room for new names, of which nobody knows yet how frequent they are. */
  private forgetRare(): void {
    for (const [name, seen] of this.watched)
      if (seen > 1) this.watched.set(name, Math.floor(seen / 2))
      else this.watched.delete(name)
    if (this.watched.size >= WATCHED_MAX) this.watched.clear()
  }

  private halve(): void {
    this.seen = 0
    for (const told of this.told.values()) told.seen = Math.floor(told.seen / 2)
    this.forgetRare()
  }
}
