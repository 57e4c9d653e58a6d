import { setTimeout as delay } from 'node:timers/promises'
import type { House, Target } from '../house.js'
import { untilWell } from './kill.js'
import { type Round, type RoundOptions, round } from './round.js'

const KINDS = ['cut', 'refused', 'slow', 'silent', 'stopped'] as const
const BROKEN_MS = [1_000, 8_000] as const
const SLOW_MS = [5, 100] as const

/** Does to a line or a process what networks and machines do, chosen by the seed: cuts, refuses, slows, swallows, or stops for a while. */
export function lineRound(house: House, options: RoundOptions): Promise<Round> {
  const { seeded, found } = options
  const kind = seeded.pick(KINDS)
  const brokenMs = seeded.between(...BROKEN_MS)
  const [name, line] = seeded.pick([...house.lines])
  const target = seeded.pick(house.targets.filter((each) => each.pid() !== null))
  const everything: Target = {
    name: kind === 'stopped' ? target.name : name,
    pid: () => null,
    answers: async () => (await Promise.all(house.targets.map((each) => each.answers()))).every(Boolean),
  }
  const words = kind === 'stopped' ? `${target.name} stopped` : `${name} ${kind}`
  return round(words, options, async () => {
    const pid = target.pid()
    if (kind === 'cut') line.cut()
    else if (kind === 'refused') line.refuse()
    else if (kind === 'slow') line.delayMs = seeded.between(...SLOW_MS)
    else if (kind === 'silent') line.hold()
    else if (pid) process.kill(pid, 'SIGSTOP')
    try {
      // How long it is broken, which is what this is about; nothing is waited for.
      if (kind !== 'cut') await delay(brokenMs)
    } finally {
      line.accept()
      line.release()
      if (kind === 'stopped' && pid) process.kill(pid, 'SIGCONT')
    }
    const mendedAt = performance.now()
    await untilWell(everything, found)
    return performance.now() - mendedAt
  })
}
