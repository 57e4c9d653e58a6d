import { newSeed } from './seeded.js'

export const SHOWS = ['kill', 'lines', 'hints', 'worker', 'one-process'] as const
export type Show = (typeof SHOWS)[number]

/** What a long run is to do. */
export interface Settings {
  readonly seed: number
  /** Of each kind. */
  readonly rounds: number
  /** Writes a second. */
  readonly rate: number
  readonly subscribers: number
  readonly only: readonly Show[]
  /** The targets that are killed; all of them where empty. */
  readonly targets: readonly string[]
}

export const USAGE = `npm run faults -- [options]
  --seed <number>         the seed of an earlier run, to run it again
  --rounds <number>       of each kind; 20 unless given
  --rate <number>         writes a second; 100 unless given
  --subscribers <number>  200 unless given
  --only <names>          of ${SHOWS.join(', ')}, separated by commas
  --targets <names>       of what is killed, separated by commas: posts,gateway 1`

const DEFAULTS = { rounds: 20, rate: 100, subscribers: 200 }

/** @throws Error in words for people */
export function readSettings(args: readonly string[]): Settings {
  const given = new Map<string, string>()
  for (let at = 0; at < args.length; at += 2) {
    const [name = '', value] = args.slice(at, at + 2)
    if (!/^--(seed|rounds|rate|subscribers|only|targets)$/.test(name) || value === undefined) throw new Error(USAGE)
    given.set(name.slice(2), value)
  }
  const number = (name: string, fallback: number, min: number): number => {
    const value = Number(given.get(name) ?? fallback)
    if (!Number.isInteger(value) || value < min) throw new Error(`--${name} is a whole number, ${min} at least.\n\n${USAGE}`)
    return value
  }
  const list = (name: string): string[] =>
    (given.get(name) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  const only = list('only')
  const unknown = only.find((name) => !SHOWS.some((show) => show === name))
  if (unknown !== undefined) throw new Error(`--only does not know ${unknown}.\n\n${USAGE}`)
  return {
    seed: number('seed', newSeed(), 0),
    rounds: number('rounds', DEFAULTS.rounds, 1),
    rate: number('rate', DEFAULTS.rate, 1),
    subscribers: number('subscribers', DEFAULTS.subscribers, 0),
    only: only.length > 0 ? SHOWS.filter((show) => only.includes(show)) : SHOWS,
    targets: list('targets'),
  }
}
