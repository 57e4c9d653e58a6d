import type { Logger } from './log.js'

/** One failure is no news: where all start at once, somebody is there first. */
const SAID_AFTER = 2

/** Says once that something which is tried again and again fails, and once that it works again. */
export class Outage {
  /** How many attempts in a row have failed. */
  private failures = 0

  /** @param words what is said, with `details` beside it */
  constructor(
    private readonly log: Logger,
    private readonly words: { readonly fails: string; readonly worksAgain: string },
    private readonly details: Readonly<Record<string, unknown>> = {},
  ) {}

  succeeded(): void {
    if (this.failures >= SAID_AFTER) this.log.info(this.details, this.words.worksAgain)
    this.failures = 0
  }

  failed(error: unknown): void {
    this.failures += 1
    if (this.failures !== SAID_AFTER) return
    const { message, cause } = error as Error
    this.log.warn({ ...this.details, reason: cause instanceof Error ? cause.message : message }, this.words.fails)
  }
}
