import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FaultsFound } from '../src/faults-found.js'
import { type OneProcess, startOneProcess } from '../src/one-process.js'
import { newSeed, Seeded } from '../src/seeded.js'
import { killAllRound } from '../src/shows/kill.js'
import { together } from '../src/together.js'
import type { Workload } from '../src/workload.js'
import { workloads } from '../src/workloads.js'

/** More of them by `npm run faults -- --only one-process --rounds 20`. */
const ROUNDS = 5
const WRITES_A_ROUND = 100
const WRITES_A_SECOND = 100

const seeded = new Seeded(Number(process.env.ASHLAR_FAULTS_SEED ?? newSeed()))
const found = new FaultsFound()
let house: OneProcess
let workload: Workload
beforeAll(async () => {
  house = await startOneProcess()
  workload = together(workloads.map((create) => create({ house, seeded, found, rate: WRITES_A_SECOND, subscribers: 10 })))
  await workload.prepare()
}, 90_000)
afterAll(async () => {
  await workload?.stop()
  await house?.close()
}, 60_000)

describe('kill -9 of everything that npm start runs', () => {
  it(`under ${WRITES_A_SECOND} writes a second, ${ROUNDS} times, loses no acknowledged write and doubles none`, async () => {
    for (let n = 0; n < ROUNDS; n += 1) {
      const { acknowledged } = await killAllRound(house, { workload, found, seeded, rate: WRITES_A_SECOND, beforeSeconds: [1, 1.2] })
      expect(acknowledged).toBeGreaterThanOrEqual(WRITES_A_ROUND)
    }
    await workload.verifyAll()
    expect({ seed: seeded.seed, faults: found.words }).toEqual({ seed: seeded.seed, faults: [] })
  }, 600_000)
})
