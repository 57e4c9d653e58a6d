/** What a run may find wrong. */
export type FaultKind =
  /** Acknowledged, and not there; or in the log, and not delivered. */
  | 'LOST'
  /** There twice, or done twice. */
  | 'DOUBLED'
  | 'OUT_OF_ORDER'
  /** There, and other than acknowledged. */
  | 'CHANGED'
  /** An answer that nobody should get, whatever is broken. */
  | 'WRONG_ANSWER'
  /** Something that did not come back, or came too late. */
  | 'TOO_LATE'

export interface Fault {
  readonly kind: FaultKind
  /** For people: what, where, what was expected. */
  readonly words: string
}

const KEPT_MAX = 50

/** All that a run has found; of many it keeps the first. */
export class FaultsFound {
  readonly first: Fault[] = []
  count = 0

  add(kind: FaultKind, words: string): void {
    this.count += 1
    if (this.first.length < KEPT_MAX) this.first.push({ kind, words })
  }

  get words(): readonly string[] {
    const more = this.count - this.first.length
    return [...this.first.map(({ kind, words }) => `${kind}: ${words}`), ...(more > 0 ? [`and ${more} more`] : [])]
  }
}
