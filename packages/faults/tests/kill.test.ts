import { hasNats } from '@ashlar/server/distributed/nats'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FaultsFound } from '../src/faults-found.js'
import { targetOf } from '../src/house.js'
import { type ManyProcesses, startManyProcesses } from '../src/many-processes.js'
import { newSeed, Seeded } from '../src/seeded.js'
import { killRound } from '../src/shows/kill.js'
import { breakRound } from '../src/shows/lines.js'
import { together } from '../src/together.js'
import type { Workload } from '../src/workload.js'
import { workloads } from '../src/workloads.js'

const RATE = 50
const SUBSCRIBERS = 40

const seeded = new Seeded(Number(process.env.ASHLAR_FAULTS_SEED ?? newSeed()))
const found = new FaultsFound()
let house: ManyProcesses
let workload: Workload
beforeAll(async () => {
  house = await startManyProcesses()
  workload = together(workloads.map((create) => create({ house, seeded, found, rate: RATE, subscribers: SUBSCRIBERS })))
  await workload.prepare()
}, 120_000)
afterAll(async () => {
  await workload?.stop()
  await house?.close()
}, 60_000)

const expectNone = () => expect({ seed: seeded.seed, faults: found.words }).toEqual({ seed: seeded.seed, faults: [] })

describe('kill -9 under load loses nothing that was acknowledged, doubles nothing and keeps the order', () => {
  const names = ['users', 'posts', 'helloworld', 'gateway 1', 'gateway 2', 'postgres', ...(hasNats() ? ['nats'] : [])]
  it.each(names)(
    'of %s',
    async (name) => {
      const { acknowledged, delivered, connections } = await killRound(targetOf(house, name), { workload, found, seeded, rate: RATE })
      expectNone()
      expect(acknowledged).toBeGreaterThan(0)
      expect(delivered).toBeGreaterThan(0)
      expect(connections).toBeGreaterThan(0)
    },
    180_000,
  )

  it.each([
    ['posts > postgres', 'silent', 3_000],
    ['gateways > posts', 'cut', 0],
    ['posts', 'stopped', 2_000],
  ] as const)(
    'nor does it where %s is %s',
    async (name, kind, ms) => {
      const { acknowledged } = await breakRound(house, { kind, name, ms }, { workload, found, seeded, rate: RATE })
      expectNone()
      expect(acknowledged).toBeGreaterThan(0)
    },
    180_000,
  )

  it('and all of it is there at the end', async () => {
    await workload.verifyAll()
    expectNone()
  }, 180_000)
})
