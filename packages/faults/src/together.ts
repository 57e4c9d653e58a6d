import type { Workload } from './workload.js'

/** Several workloads at once, as one. */
export function together(all: readonly Workload[]): Workload {
  const each = async (work: (workload: Workload) => Promise<void>) => {
    await Promise.all(all.map(work))
  }
  return {
    name: all.map(({ name }) => name).join(', '),
    prepare: () => each((workload) => workload.prepare()),
    start() {
      for (const workload of all) workload.start()
    },
    pause: () => each((workload) => workload.pause()),
    verify: () => each((workload) => workload.verify()),
    verifyAll: () => each((workload) => workload.verifyAll()),
    get acknowledged() {
      return all.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
    },
    longestSilenceMs: () => Math.max(...all.map((workload) => workload.longestSilenceMs())),
    counts() {
      const counts: Record<string, number> = {}
      for (const workload of all) for (const [name, count] of Object.entries(workload.counts())) counts[name] = (counts[name] ?? 0) + count
      return counts
    },
    stop: () => each((workload) => workload.stop()),
  }
}
