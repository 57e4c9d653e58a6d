import type { FaultsFound } from './faults-found.js'
import type { Round } from './shows/round.js'

const NAME_WIDTH = 32

const count = (value: number): string => Math.round(value).toLocaleString('en')
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** One round in a line. */
export function roundLine(round: Round): string {
  const { name, recoveredMs, silenceMs, acknowledged, rate, delivered, connections, faults } = round
  return [
    `${faults ? '✗' : '✓'} ${name.padEnd(NAME_WIDTH)}`,
    `well after ${seconds(recoveredMs).padStart(6)}`,
    `silent for ${seconds(silenceMs).padStart(6)}`,
    `${count(acknowledged).padStart(5)} acknowledged (${count(rate)}/s)`,
    `${count(delivered).padStart(6)} delivered`,
    `${count(connections).padStart(4)} connections`,
    ...(faults ? [`${faults} FAULTS`] : []),
  ].join('  ')
}

/** What all rounds of each kind came to. */
export function summary(rounds: readonly Round[]): string {
  if (rounds.length === 0) return ''
  const names = [...new Set(rounds.map(({ name }) => name))]
  const lines = names.map((name) => {
    const all = rounds.filter((round) => round.name === name)
    const sum = (of: (round: Round) => number) => all.reduce((total, round) => total + of(round), 0)
    return [
      `  ${name.padEnd(NAME_WIDTH)}`,
      `${String(all.length).padStart(3)} rounds`,
      `well after ${spread(all.map(({ recoveredMs }) => recoveredMs))}`,
      `silent for ${spread(all.map(({ silenceMs }) => silenceMs))}`,
      `${count(sum(({ acknowledged }) => acknowledged)).padStart(7)} acknowledged`,
      `${count(sum(({ rate }) => rate) / all.length).padStart(4)}/s`,
      `${count(sum(({ delivered }) => delivered)).padStart(9)} delivered`,
      `${count(sum(({ faults }) => faults))} faults`,
    ].join('  ')
  })
  return ['', `  ${''.padEnd(NAME_WIDTH)}  (least / median / most)`, ...lines].join('\n')
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => ((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) / 1_000).toFixed(1)
  return `${at(0)} / ${at(0.5)} / ${at(1)} s`.padEnd(18)
}

export const verdict = ({ count: faults, words }: FaultsFound, seed: number): string =>
  faults === 0
    ? `\n✓ Nothing lost, nothing doubled, all in order (seed ${seed})`
    : `\n✗ ${faults} faults (seed ${seed})\n${words.map((each) => `  ${each}`).join('\n')}`
