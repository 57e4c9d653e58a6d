const TICK_MS = 10
/** Of what has begun and not ended, as much as begins in this time. */
const WAITING_SECONDS = 1

/**
 * Begins something so many times a second, whatever becomes of what has begun (an open loop). Beyond a bound it is held back: a service that
 * could never do so much would not get well again under more of it.
 */
export class Pace {
  /** How often nothing was begun since too much was open. */
  heldBack = 0
  private readonly open = new Set<Promise<unknown>>()
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly rate: number) {}

  start(begin: () => Promise<unknown>): void {
    const begunAt = performance.now()
    let begun = 0
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begunAt) / 1_000) * this.rate)
      for (; begun < due; begun += 1) {
        if (this.open.size >= this.rate * WAITING_SECONDS) this.heldBack += 1
        else this.follow(begin())
      }
    }, TICK_MS)
  }

  /** Begins nothing more, and waits for what has begun. */
  async pause(): Promise<void> {
    clearInterval(this.timer)
    while (this.open.size > 0) await Promise.all(this.open)
  }

  private follow(work: Promise<unknown>): void {
    const done = work.finally(() => this.open.delete(done))
    this.open.add(done)
  }
}
