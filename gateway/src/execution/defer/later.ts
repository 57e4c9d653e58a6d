import type { Run } from '../run.js'

/** A part of a plan that comes later, by the label of its fragment. */
export interface LaterPart {
  readonly label: string | undefined
  /** The fetches behind which it can begin. */
  readonly ids: readonly string[]
  readonly step: (run: Run, tookMs: number) => Promise<number>
}

interface Begun {
  readonly done: Promise<unknown>
  /** With the errors of this part alone. */
  readonly run: Run
}

/** What of one operation comes later. */
export class Later {
  private readonly begun = new Map<string, Begun>()
  private readonly fetches = new Map<string, { readonly came: Promise<void>; readonly come: () => void }>()
  /** Nobody waits for it any more: what has not begun never does. */
  stopped = false

  /** The part of a label, once the plan has come to it. */
  of(label: string): Begun | undefined {
    return this.begun.get(label)
  }

  /** Says that a fetch has come. */
  came(id: string): void {
    this.fetch(id).come()
  }

  /** Begins each part as soon as what it needs is there. @param first what its plan does at once */
  begin(run: Run, first: Promise<number>, parts: readonly LaterPart[]): Promise<number> {
    for (const { label, ids, step } of parts) {
      const own = run.fork()
      const ready = Promise.race([first, Promise.all(ids.map((id) => this.fetch(id).came))])
      const done = ready.then(() => (this.stopped ? 0 : step(own, 0)))
      // Whoever waits for it hears of it; where nobody does, since the first part failed, it is no fault of its own.
      done.catch(() => {})
      if (label !== undefined) this.begun.set(label, { done, run: own })
    }
    return first
  }

  private fetch(id: string) {
    const known = this.fetches.get(id)
    if (known) return known
    let come = () => {}
    const came = new Promise<void>((resolve) => {
      come = resolve
    })
    const fetch = { came, come }
    this.fetches.set(id, fetch)
    return fetch
  }
}
