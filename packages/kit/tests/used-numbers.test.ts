import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals'
import { silentLog } from '../src/log.js'
import type { Statement } from '../src/statements.js'
import { until } from '../src/testing/until.js'
import { UsedNumbers } from '../src/used-numbers.js'

let database: TestDatabase

beforeAll(async () => {
  database = await startTestDatabase({ services: ['posts'] })
})
afterEach(() => {
  jest.useRealTimers()
})
afterAll(() => database.close())

const statement = (number: string, sender = 'gateway'): Statement => ({ sender, number, asking: null, expiresInMs: 60_000 })
const aProcess = () => new UsedNumbers(database.service('posts'), silentLog())

it('takes a number once, whichever of the processes is asked, and however many are asked at the same time', async () => {
  const processes = [aProcess(), aProcess()]
  const outcomes = await Promise.allSettled(
    Array.from({ length: 50 }, (_, at) => (at % 2 ? processes[0] : processes[1])?.use(statement('one'))),
  )
  const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
  expect(refusals).toEqual(Array.from({ length: 49 }, () => 'REPLAYED'))
  await expect(aProcess().use(statement('one'))).rejects.toMatchObject({ code: 'REPLAYED' })
  await aProcess().use(statement('another'))
  await aProcess().use(statement('one', 'users'))
})

it('forgets a number once no statement with it is valid any more', async () => {
  jest.useFakeTimers({
    doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'queueMicrotask'],
  })
  const one = aProcess()
  await database.shiftClock('posts', '-121 seconds')
  await one.use(statement('old'))
  await database.shiftClock('posts', '-119 seconds')
  await one.use(statement('not so old'))
  await database.shiftClock('posts', '0')
  const kept = async () => {
    const rows = await database
      .service('posts')
      .query<{ number: string }>("select number from used_number where number like '%old' order by number")
    return rows.map(({ number }) => number)
  }
  expect(await kept()).toEqual(['not so old', 'old'])
  jest.advanceTimersByTime(60_001)
  await one.use(statement('what has it look'))
  await until(async () => (await kept()).length === 1)
  expect(await kept()).toEqual(['not so old'])
})
