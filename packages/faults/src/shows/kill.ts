import { until } from '@ashlar/kit/testing/until'
import type { FaultsFound } from '../faults-found.js'
import type { House, Target } from '../house.js'
import type { OneProcess } from '../one-process.js'
import { PATIENCE_MS } from '../persistence.js'
import { type Round, type RoundOptions, round } from './round.js'

/** SIGKILL to one process under load, which is started again by whoever keeps it running. */
export const killRound = (target: Target, options: RoundOptions): Promise<Round> =>
  round(target.name, options, async () => {
    const pid = target.pid()
    if (!pid) throw new Error(`${target.name} does not run`)
    const killedAt = performance.now()
    process.kill(pid, 'SIGKILL')
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

/** Waits until a target is there and answers. */
export async function untilWell(target: Target, found: FaultsFound, isThere: () => boolean = () => true): Promise<void> {
  await until(async () => isThere() && (await target.answers()), PATIENCE_MS).catch(() => {
    found.add('TOO_LATE', `${target.name} was not well again within ${PATIENCE_MS / 1_000} s`)
  })
}

/** The names of all that can be killed in a house, in the order of the rounds. */
export const killable = ({ targets }: Pick<House, 'targets'>): string[] => targets.map(({ name }) => name)
