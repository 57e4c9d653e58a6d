/** A way out to a client, in front of which something may wait. */
export interface Waiting {
  readonly waitingBytes: number
  /** Sends the client away, to come back and read faster. */
  tooSlow(): void
}

/** What waits in front of all together is no more than in front of so many that are full. */
const FULL_ONES = 64
const WEIGH_EVERY_MS = 250

/** Sees to it that very many slow clients, none of which is over its bound, do not take the process: the slowest have to go. */
export class Backlog {
  private readonly members = new Set<Waiting>()
  private timer: NodeJS.Timeout | undefined

  /** @param bufferBytes what may wait in front of one */
  constructor(private readonly bufferBytes: number) {}

  add(member: Waiting): void {
    this.members.add(member)
    this.timer ??= setInterval(() => this.weigh(), WEIGH_EVERY_MS).unref()
  }

  delete(member: Waiting): void {
    this.members.delete(member)
    if (this.members.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
  }

  private weigh(): void {
    let over = -FULL_ONES * this.bufferBytes
    for (const { waitingBytes } of this.members) over += waitingBytes
    if (over <= 0) return
    for (const member of [...this.members].sort((one, other) => other.waitingBytes - one.waitingBytes)) {
      over -= member.waitingBytes
      member.tooSlow()
      if (over <= 0) return
    }
  }
}
