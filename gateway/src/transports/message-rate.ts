/** So many at once, and so many a second on the whole: a bucket that fills again. */
export class MessageRate {
  private left: number
  private at = performance.now()

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {
    this.left = burst
  }

  /** Counts one. @returns whether it is within the rate */
  count(): boolean {
    const now = performance.now()
    this.left = Math.min(this.burst, this.left + ((now - this.at) / 1_000) * this.perSecond) - 1
    this.at = now
    return this.left >= 0
  }
}
