import { setTimeout as delay } from 'node:timers/promises'
import type { FaultsFound } from '../faults-found.js'
import type { Target } from '../house.js'
import type { OneProcess } from '../one-process.js'
import { PATIENCE_MS } from '../persistence.js'
import { signal } from '../signal.js'
import { type Round, type RoundOptions, round } from './round.js'

const LOOK_MS = 50

/** SIGKILL to one process under load, which is started again by whoever keeps it running. */
export const killRound = (target: Target, options: RoundOptions): Promise<Round> =>
  round(target.name, options, async () => {
    const pid = target.pid()
    if (!pid) throw new Error(`${target.name} does not run`)
    const killedAt = performance.now()
    signal(pid, 'SIGKILL')
    await untilWell(target, options.found, () => target.pid() !== null && target.pid() !== pid)
    return performance.now() - killedAt
  })

/** What one process holds is killed with its PostgreSQL, at the same moment, and started again. */
export const killAllRound = (house: OneProcess, options: RoundOptions): Promise<Round> =>
  round('all at once', options, async () => {
    await house.killAll()
    const killedAt = performance.now()
    await house.start()
    return performance.now() - killedAt
  })

/** Waits until a target is there and answers, without being much of a load itself. */
export async function untilWell(target: Target, found: FaultsFound, isThere: () => boolean = () => true): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(LOOK_MS))
    if (isThere() && (await target.answers())) return
  found.add('TOO_LATE', `${target.name} was not well again within ${PATIENCE_MS / 1_000} s`)
}
