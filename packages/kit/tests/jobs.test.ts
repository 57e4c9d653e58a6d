import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createJobQueue, type Job, type JobHandlers, LeaseLost } from '../src/jobs.js'
import { silentLog } from '../src/log.js'
import { BACK_OFF } from '../src/sql/jobs.js'
import { until } from '../src/testing/until.js'

let database: TestDatabase
const stops: (() => Promise<void>)[] = []
const db = () => database.service('things')

beforeEach(async () => {
  database = await startTestDatabase({ services: ['things'] })
  await database.admin.query(
    'create table things.effect (id serial, what text); grant all on all tables in schema things to public; grant all on all sequences in schema things to public',
  )
})
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
  await database.close()
})

function work(handlers: JobHandlers) {
  const queue = createJobQueue(db(), silentLog())
  stops.push(queue.start(handlers))
  return queue
}
const effects = async () => (await db().query<{ what: string }>('select what from effect order by id')).map(({ what }) => what)
const jobs = () =>
  db().query<{ kind: string; attempts: number; failed: boolean }>('select kind, attempts, failed_at is not null as failed from job')
const note = (what: string) => async (job: Job) => {
  await db().sqlTransaction(async (sql) => {
    await sql.query('insert into effect (what) values ($1)', [`${what} ${job.payload.n ?? ''}`.trim()])
    await job.finish(sql)
  })
}

describe('a job', () => {
  it('is done once, by one of many workers', async () => {
    const handlers = { count: { run: note('done') } }
    const [queue] = [work(handlers), work(handlers), work(handlers)]
    await db().sqlTransaction(async (sql) => {
      for (let n = 0; n < 50; n += 1) await queue?.enqueue(sql, { kind: 'count', payload: { n } })
    })
    queue?.wake()
    await until(async () => (await jobs()).length === 0)
    expect((await effects()).sort()).toEqual(Array.from({ length: 50 }, (_, n) => `done ${n}`).sort())
  })

  it('is not there when the change that asked for it is undone', async () => {
    const queue = work({})
    await expect(
      db().sqlTransaction(async (sql) => {
        await queue.enqueue(sql, { kind: 'never' })
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    expect(await jobs()).toEqual([])
  })

  it('is tried again after a failure, later each time, and given up in the end', async () => {
    let attempts = 0
    const queue = work({
      poison: {
        run: async () => {
          attempts += 1
          throw new Error('no')
        },
      },
    })
    await queue.enqueue(db(), { kind: 'poison' })
    for (let hours = 1; !(await jobs())[0]?.failed; hours += 2) {
      await database.shiftClock('things', `${hours} hours`)
      queue.wake()
      const before = attempts
      await until(async () => attempts > before || ((await jobs())[0]?.failed ?? false))
    }
    expect(attempts).toBe(20)
  })

  it('that fails with the database is tried again once that is back, long before its lease ends', async () => {
    let away = 3
    const lossy = {
      ...db(),
      query: <Row extends object>(text: string, values?: readonly unknown[]) => {
        if (text !== BACK_OFF || away === 0) return db().query<Row>(text, values)
        away -= 1
        return Promise.reject(Object.assign(new Error('the server is shutting down'), { code: '57P01' }))
      },
    }
    const queue = createJobQueue(lossy, silentLog())
    let attempts = 0
    const run = async (job: Job) => {
      attempts += 1
      if (attempts === 1) throw Object.assign(new Error('the server is shutting down'), { code: '57P01' })
      await note('done')(job)
    }
    stops.push(queue.start({ fragile: { run } }))
    await db().sqlTransaction((sql) => queue.enqueue(sql, { kind: 'fragile' }))
    queue.wake()
    await until(async () => (await jobs()).length === 0, 20_000)
    expect(await effects()).toEqual(['done'])
    expect({ attempts, away }).toEqual({ attempts: 2, away: 0 })
  })

  it('runs at its time by the database, not before', async () => {
    const queue = work({ later: { run: note('later') } })
    const [now] = await db().query<{ at: Date }>(`select clock() + interval '1 hour' as at`)
    await queue.enqueue(db(), { kind: 'later', ...(now && { runAt: now.at }) })
    await queue.enqueue(db(), { kind: 'later', payload: { n: 'now' } })
    queue.wake()
    await until(async () => (await effects()).length === 1)
    expect(await effects()).toEqual(['later now'])
    await database.shiftClock('things', '2 hours')
    queue.wake()
    await until(async () => (await effects()).length === 2)
  })

  it('gives way to another of its key, and can be taken back', async () => {
    const queue = createJobQueue(db(), silentLog())
    await queue.enqueue(db(), { kind: 'keyed', key: 'a', payload: { n: 1 } })
    await queue.enqueue(db(), { kind: 'keyed', key: 'a', payload: { n: 2 } })
    await queue.enqueue(db(), { kind: 'keyed', key: 'b', payload: { n: 3 } })
    await queue.cancel(db(), { kind: 'keyed', key: 'b' })
    work({ keyed: { run: note('done') } })
    await until(async () => (await jobs()).length === 0)
    expect(await effects()).toEqual(['done 2'])
  })

  it('writes nothing under a lease that has gone to another worker', async () => {
    let started = false
    let released = false
    let outcome: unknown
    let first = true
    const handlers: JobHandlers = {
      slow: {
        run: async (job) => {
          if (!first) return note('second')(job)
          first = false
          started = true
          await until(() => released)
          outcome = await note('first')(job).catch((error: unknown) => error)
        },
      },
    }
    const queue = work(handlers)
    await queue.enqueue(db(), { kind: 'slow' })
    queue.wake()
    await until(() => started)
    await database.shiftClock('things', '2 minutes')
    work(handlers)
    await until(async () => (await effects()).length === 1)
    released = true
    await until(() => outcome !== undefined)
    expect(outcome).toBeInstanceOf(LeaseLost)
    expect(await effects()).toEqual(['second'])
  })

  it('comes back by itself where it has a schedule, whatever became of the last run', async () => {
    let runs = 0
    const queue = work({
      clean: {
        everySeconds: 3_600,
        run: async () => {
          runs += 1
          if (runs === 1) throw new Error('the first one fails')
        },
      },
    })
    await until(() => runs === 1)
    for (const hours of [2, 4, 6]) {
      await database.shiftClock('things', `${hours} hours`)
      queue.wake()
      await until(() => runs === 1 + hours / 2)
    }
    expect(await jobs()).toHaveLength(1)
  })
})
