import { setTimeout as delay } from 'node:timers/promises'
import type { Line } from '@ashlar/kit/testing/line'
import { type House, type Target, targetOf } from '../house.js'
import type { Seeded } from '../seeded.js'
import { signal } from '../signal.js'
import { untilWell } from './kill.js'
import { type Round, type RoundOptions, round } from './round.js'

const KINDS = ['cut', 'refused', 'slow', 'silent', 'stopped'] as const
const BROKEN_MS = [1_000, 8_000] as const
const SLOW_MS = [5, 100] as const

export interface Break {
  readonly kind: (typeof KINDS)[number]
  /** The line's name, or that of the process that is stopped. */
  readonly name: string
  /** How long it lasts; a cut takes no time. */
  readonly ms: number
}

/** What networks and machines do, to a line that is in use or to a process. */
export function chooseBreak(house: House, seeded: Seeded): Break {
  const kind = seeded.pick(KINDS)
  const ms = seeded.between(...BROKEN_MS)
  const used = [...house.lines].filter(([, { connections }]) => connections.size > 0).map(([name]) => name)
  const running = house.targets.filter((target) => target.pid() !== null).map(({ name }) => name)
  return { kind, name: seeded.pick(kind === 'stopped' ? running : used), ms }
}

/** Cuts, refuses, slows or swallows what goes over a line, or stops a process, for a while. */
export function breakRound(house: House, { kind, name, ms }: Break, options: RoundOptions): Promise<Round> {
  const { seeded, found } = options
  const everything: Target = {
    name,
    pid: () => null,
    answers: async () => (await Promise.all(house.targets.map((each) => each.answers()))).every(Boolean),
  }
  return round(`${name} ${kind}`, options, async () => {
    const mend = kind === 'stopped' ? stop(targetOf(house, name)) : breakLine(lineOf(house, name), kind, seeded)
    try {
      // How long it is broken, which is what this is about; nothing is waited for.
      if (kind !== 'cut') await delay(ms)
    } finally {
      mend()
    }
    const mendedAt = performance.now()
    await untilWell(everything, found)
    return performance.now() - mendedAt
  })
}

function breakLine(line: Line, kind: Exclude<Break['kind'], 'stopped'>, seeded: Seeded): () => void {
  switch (kind) {
    case 'cut':
      line.cut()
      break
    case 'refused':
      line.refuse()
      break
    case 'slow':
      line.delayMs = seeded.between(...SLOW_MS)
      break
    case 'silent':
      line.hold()
      break
    default:
      throw new Error(`a line can't be ${kind satisfies never}`)
  }
  return () => {
    line.accept()
    line.release()
  }
}

function stop(target: Target): () => void {
  const pid = target.pid()
  if (!pid) throw new Error(`${target.name} does not run`)
  signal(pid, 'SIGSTOP')
  return () => signal(pid, 'SIGCONT')
}

function lineOf({ lines }: House, name: string): Line {
  const line = lines.get(name)
  if (!line) throw new Error(`there is no line ${name}, but ${[...lines.keys()].join(', ')}`)
  return line
}
