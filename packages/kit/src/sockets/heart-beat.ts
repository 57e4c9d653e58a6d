/** What wants to be seen to at every beat, such as a socket that has to show that somebody reads it. */
export interface Beating {
  beat(): void
}

/** So that ten thousand sockets are not all seen to in one turn of the event loop. */
const SLICES = 16

/** One timer for any number of connections: each has its beat once in `everyMs`. There is no timer while there are none. */
export class HeartBeat {
  private readonly slices: readonly Set<Beating>[] = Array.from({ length: SLICES }, () => new Set<Beating>())
  private readonly sliceOf = new Map<Beating, Set<Beating>>()
  private timer: NodeJS.Timeout | undefined
  private next = 0
  private turn = 0

  constructor(private readonly everyMs: number) {}

  /** Has its first beat after one interval at most. */
  add(member: Beating): void {
    const slice = this.slices[this.turn++ % SLICES] as Set<Beating>
    slice.add(member)
    this.sliceOf.set(member, slice)
    this.timer ??= setInterval(() => this.beat(), this.everyMs / SLICES).unref()
  }

  delete(member: Beating): void {
    this.sliceOf.get(member)?.delete(member)
    this.sliceOf.delete(member)
    if (this.sliceOf.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
  }

  private beat(): void {
    for (const member of this.slices[this.next++ % SLICES] ?? []) member.beat()
  }
}
