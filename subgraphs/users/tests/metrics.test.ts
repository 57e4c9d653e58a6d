import { silentLog } from '@ashlar/kit/log'
import { Metrics } from '@ashlar/kit/metrics'
import { readExposition } from '@ashlar/kit/testing/exposition'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { measureUsers } from '../src/metrics.js'
import { Passwords } from '../src/passwords.js'
import { type Instance, startInstance } from './instance.js'

let instance: Instance
beforeAll(async () => {
  instance = await startInstance()
})
afterAll(() => instance.close())

/** What a scrape tells of passwords and of what has ended. */
function measure({ passwords = new Passwords(), endings = instance.services.endings } = {}) {
  const metrics = new Metrics(silentLog())
  measureUsers({ passwords, endings }, { metrics: metrics.of('users') })
  return async (name: string) => readExposition(await metrics.text()).value(name, { service: 'users' })
}

describe('what is measured of the users service', () => {
  it('is how many passwords are hashed, and how many wait for it', async () => {
    const open: (() => void)[] = []
    const hash = () => new Promise<string>((resolve) => open.push(() => resolve('hashed')))
    const passwords = new Passwords({ hash, verify: async () => false })
    const value = measure({ passwords })
    const all = Array.from({ length: 30 }, () => passwords.hash('a quarry of ones own'))
    const running = (await value('ashlar_password_hashes_running')) ?? 0
    expect(running).toBeGreaterThanOrEqual(1)
    expect(await value('ashlar_password_hashes_waiting')).toBe(30 - running)
    while (open.length > 0) {
      for (const done of open.splice(0)) done()
      await new Promise(setImmediate)
    }
    await Promise.all(all)
    await until(async () => (await value('ashlar_password_hashes_running')) === 0)
    expect(await value('ashlar_password_hashes_waiting')).toBe(0)
  })

  it('is how long ago it was read what has ended, which a scrape does where nobody else has come', async () => {
    let ageMs = 60_000
    const fresh = async () => {
      ageMs = 0
    }
    expect(await measure({ endings: { fresh, ageMs: () => ageMs } as never })('ashlar_revocation_lag_seconds')).toBe(0)
    expect(await measure()('ashlar_revocation_lag_seconds')).toBeLessThan(5)
  })

  it('is the time since then while it can not be read, and endless where it never was', async () => {
    for (const fresh of [() => Promise.reject(new Error('away')), () => new Promise<void>(() => {})]) {
      expect(await measure({ endings: reading(fresh, 42_000) })('ashlar_revocation_lag_seconds')).toBe(42)
      expect(await measure({ endings: reading(fresh) })('ashlar_revocation_lag_seconds')).toBe(Number.POSITIVE_INFINITY)
    }
  })
})

const reading = (fresh: () => Promise<void>, ageMs = Number.POSITIVE_INFINITY) => ({ fresh, ageMs: () => ageMs }) as never
