import { hasNats } from '@ashlar/server/distributed/nats'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FaultsFound } from '../src/faults-found.js'
import { type AnotherProcess, type ManyProcesses, startManyProcesses } from '../src/many-processes.js'
import { newSeed, Seeded } from '../src/seeded.js'
import { Session } from '../src/session.js'
import { ARRIVES_MS, type Hints, measureHints } from '../src/shows/hints.js'
import { type Moment, stopWorker } from '../src/shows/stopped-worker.js'

const seeded = new Seeded(Number(process.env.ASHLAR_FAULTS_SEED ?? newSeed()))
const found = new FaultsFound()
let house: ManyProcesses
let another: AnotherProcess
let author: Session
let owner: Session
beforeAll(async () => {
  house = await startManyProcesses()
  another = await house.another('posts')
  const { urls } = house
  owner = await Session.signIn(house.owner, { urls, seeded, found })
  author = await Session.signUp('author', { urls, seeded, found })
}, 120_000)
afterAll(async () => {
  await Promise.all([author?.end(), owner?.end()])
  await house?.close()
}, 60_000)

const expectNone = () => expect({ seed: seeded.seed, faults: found.words }).toEqual({ seed: seeded.seed, faults: [] })

const overNats = hasNats() ? it.each : it.skip.each
describe('the last event before it is quiet comes within 10 s to a subscriber of another process', () => {
  overNats<[Hints, number]>([
    ['all come', 3],
    ['every third is lost', 3],
    ['all are lost', 1],
    ['NATS is away', 2],
  ])(
    'where, of hints, %s',
    async (hints, tries) => {
      const { times, lost } = await measureHints(hints, another, { house, author, found, seeded, tries })
      expectNone()
      expect(times.every((ms) => ms < ARRIVES_MS)).toBe(true)
      expect(lost > 0).toBe(hints.endsWith('lost'))
    },
    180_000,
  )
})

describe('a worker that is stopped for twice its lease and goes on leaves one result', () => {
  it.each<Moment>(['when it has taken the lease', 'in the midst of its transaction'])(
    'stopped %s',
    async (moment) => {
      await stopWorker(moment, another, { house, author, owner, found, inRealTime: false })
      expectNone()
    },
    180_000,
  )
})
