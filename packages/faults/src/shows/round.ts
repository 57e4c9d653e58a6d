import { until } from '@ashlar/kit/testing/until'
import type { FaultsFound } from '../faults-found.js'
import { PATIENCE_MS } from '../persistence.js'
import type { Seeded } from '../seeded.js'
import type { Workload } from '../workload.js'

export interface RoundOptions {
  readonly workload: Workload
  readonly found: FaultsFound
  readonly seeded: Seeded
  /** Writes a second. */
  readonly rate: number
  /** How long it is well before something breaks, by what is acknowledged meanwhile. */
  readonly beforeSeconds?: readonly [number, number]
}

/** What came of one round. */
export interface Round {
  readonly name: string
  /** From the fault, or its end, until all is well. */
  readonly recoveredMs: number
  /** The longest time without an acknowledgement. */
  readonly silenceMs: number
  readonly acknowledged: number
  /** Writes acknowledged a second, from the beginning of the round until nothing was open. */
  readonly rate: number
  readonly delivered: number
  readonly connections: number
  readonly faults: number
}

/** How long it is well before something breaks, and after it is well again. */
const BEFORE_SECONDS = [0.5, 1.5] as const
const AFTER_SECONDS = 0.5

/**
 * Lets the workload run, breaks something in its midst, lets it go on once that is well again, and reads back.
 * @param breakSomething resolves when all is well again, with how long that took
 */
export async function round(
  name: string,
  { workload, found, seeded, rate, beforeSeconds = BEFORE_SECONDS }: RoundOptions,
  breakSomething: () => Promise<number>,
): Promise<Round> {
  const before = { faults: found.count, acknowledged: workload.acknowledged, ...workload.counts() } as Record<string, number>
  workload.longestSilenceMs()
  const begunAt = performance.now()
  workload.start()
  const more = async (seconds: number) => {
    const enough = workload.acknowledged + Math.ceil(seconds * rate)
    await until(() => workload.acknowledged >= enough, PATIENCE_MS).catch(() => {
      found.add('TOO_LATE', `in round ${name}, ${Math.ceil(seconds * rate)} writes were not acknowledged within ${PATIENCE_MS / 1_000} s`)
    })
  }
  await more(seeded.between(...beforeSeconds))
  const recoveredMs = await breakSomething()
  await more(AFTER_SECONDS)
  await workload.pause()
  const seconds = (performance.now() - begunAt) / 1_000
  const acknowledged = workload.acknowledged - (before.acknowledged ?? 0)
  const silenceMs = workload.longestSilenceMs()
  await workload.verify()
  const after = workload.counts()
  const since = (count: string) => (after[count] ?? 0) - (before[count] ?? 0)
  return {
    name,
    recoveredMs,
    silenceMs,
    acknowledged,
    rate: acknowledged / seconds,
    delivered: since('events delivered'),
    connections: since('connections'),
    faults: found.count - (before.faults ?? 0),
  }
}
