import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasNats } from '@ashlar/server/distributed/nats'
import { FaultsFound } from './faults-found.js'
import type { House } from './house.js'
import { startManyProcesses } from './many-processes.js'
import { startOneProcess } from './one-process.js'
import { roundLine, summary, verdict } from './report.js'
import { Seeded } from './seeded.js'
import { Session } from './session.js'
import type { Settings } from './settings.js'
import { type Hints, measureHints } from './shows/hints.js'
import { killAllRound, killRound } from './shows/kill.js'
import { breakRound, chooseBreak } from './shows/lines.js'
import type { Round, RoundOptions } from './shows/round.js'
import { type Moment, stopWorker } from './shows/stopped-worker.js'
import { together } from './together.js'
import { workloads } from './workloads.js'

const HINTS: readonly Hints[] = ['all come', 'every third is lost', 'all are lost', 'NATS is away']
const HINT_TRIES = 6
const MOMENTS: readonly Moment[] = ['when it has taken the lease', 'in the midst of its transaction']

export interface Run {
  readonly settings: Settings
  readonly signal: AbortSignal
  say(line: string): void
}

/** The long form: round after round until all are done, `signal`, or a house that no longer answers. @returns what was found */
export async function run({ settings, signal, say }: Run): Promise<FaultsFound> {
  const { seed, only, rate, rounds: count } = settings
  const found = new FaultsFound()
  const rounds: Round[] = []
  const seeded = new Seeded(seed)
  say(`▸ Seed ${seed}, ${rate} writes a second, ${settings.subscribers} subscribers, ${count} rounds of each kind`)
  if (!hasNats()) say('▸ There is no nats-server on the PATH: it is left out.')
  const played = (round: Round) => {
    rounds.push(round)
    say(roundLine(round))
  }

  const many = only.some((show) => show === 'kill' || show === 'lines')
  if (many && !signal.aborted)
    await underLoad(await startManyProcesses(), { settings, found, seeded: seeded.fork('many'), say }, async (house, options) => {
      // In turn, so that whoever was killed has lived for a while before it is killed again.
      const targets = house.targets.filter(({ name }) => settings.targets.length === 0 || settings.targets.includes(name))
      for (let n = 0; only.includes('kill') && n < count; n += 1)
        for (const target of targets) if (!signal.aborted) played(await killRound(target, options))
      for (let n = 0; only.includes('lines') && n < count && !signal.aborted; n += 1)
        played(await breakRound(house, chooseBreak(house, options.seeded), options))
    })
  if (only.includes('one-process') && !signal.aborted)
    await underLoad(await startOneProcess(), { settings, found, seeded: seeded.fork('one'), say }, async (house, options) => {
      for (let n = 0; n < count && !signal.aborted; n += 1) played(await killAllRound(house, { ...options, beforeSeconds: [1, 2] }))
    })
  if (only.includes('hints') || only.includes('worker')) await withSecondProcess({ settings, signal, say }, found, seeded.fork('second'))

  if (signal.aborted) say('▸ Stopped before its end')
  say(summary(rounds))
  say(verdict(found, seed))
  return found
}

type Loaded = Pick<Run, 'settings' | 'say'> & { readonly found: FaultsFound; readonly seeded: Seeded }

async function underLoad<Way extends House>(
  house: Way,
  { settings, found, seeded, say }: Loaded,
  play: (house: Way, options: RoundOptions) => Promise<void>,
): Promise<void> {
  const { rate, subscribers } = settings
  const workload = together(workloads.map((create) => create({ house, seeded: seeded.fork('workload'), found, rate, subscribers })))
  try {
    say(`▸ ${house.way}: ${house.targets.map(({ name }) => name).join(', ')}`)
    await workload.prepare()
    await play(house, { workload, found, seeded, rate })
    say('▸ Reading everything back …')
    await workload.verifyAll()
    const counts = Object.entries(workload.counts()).map(([name, value]) => `${value.toLocaleString('en')} ${name}`)
    say(`▸ ${house.way}: ${counts.join(', ')}`)
  } finally {
    await workload.stop()
    if (found.count > 0) await keepOutput(house, say)
    await house.close()
  }
}

async function withSecondProcess({ settings: { only }, signal, say }: Run, found: FaultsFound, seeded: Seeded): Promise<void> {
  if (signal.aborted) return
  const house = await startManyProcesses()
  try {
    const another = await house.another('posts')
    const { urls } = house
    const owner = await Session.signIn(house.owner, { urls, seeded, found })
    const author = await Session.signUp('author', { urls, seeded, found })
    if (only.includes('hints') && another.toNats)
      for (const hints of HINTS) {
        if (signal.aborted) return
        const { times, lost } = await measureHints(hints, another, { house, author, found, seeded, tries: HINT_TRIES })
        say(`▸ Of hints, ${hints} (${lost} lost): the last event came after ${times.map((ms) => `${Math.round(ms)}`).join(', ')} ms`)
      }
    if (only.includes('worker'))
      for (const moment of MOMENTS) {
        if (signal.aborted) return
        const before = found.count
        say(`▸ A worker is stopped for twice its lease ${moment} …`)
        await stopWorker(moment, another, { house, author, owner, found, inRealTime: true })
        say(`${found.count === before ? '✓ one result' : '✗ not one result'}`)
      }
    await Promise.all([author.end(), owner.end()])
  } finally {
    if (found.count > 0) await keepOutput(house, say)
    await house.close()
  }
}

/** What the processes said, for whoever looks for the reason. */
async function keepOutput(house: House, say: (line: string) => void): Promise<void> {
  const folder = join(tmpdir(), 'ashlar-faults')
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${house.way.replaceAll(' ', '-')}-${Date.now()}.log`)
  await writeFile(file, house.output())
  say(`▸ What the processes printed is in ${file}`)
}
