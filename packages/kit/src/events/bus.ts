/** That a service's log has moved. Nothing but a hint: the log is the truth. */
export interface Hint {
  readonly service: string
  readonly topics: readonly string[]
  /** How far the log has positions now. */
  readonly head: number
}

export type HintListener = (hint: Hint) => void

/** Where hints go out. A lost, doubled or late one costs nothing but time. */
export interface Bus {
  /** Whether hints of other processes arrive at all; without, each process looks for itself more often. */
  readonly crossesProcesses: boolean
  /** Never throws and never waits. */
  publish(hint: Hint): void
  /** Answers what ends the subscription. */
  subscribe(service: string, listener: HintListener): () => void
  close(): Promise<void>
}

/** The bus of one process. Listeners are called after whoever publishes has gone on. */
export function memoryBus(): Bus {
  const listeners = new Map<string, Set<HintListener>>()
  return {
    crossesProcesses: false,
    publish(hint) {
      const all = listeners.get(hint.service)
      if (!all?.size) return
      queueMicrotask(() => {
        for (const listener of [...all]) listener(hint)
      })
    },
    subscribe(service, listener) {
      const all = listeners.get(service) ?? new Set()
      listeners.set(service, all.add(listener))
      return () => void all.delete(listener)
    },
    async close() {
      listeners.clear()
    },
  }
}
