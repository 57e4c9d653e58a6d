import { countStatements, startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type OpenDeps, openDeps } from '../src/deps.js'
import { Consumer, type LogSource } from '../src/events/consumer.js'
import { releaseTopic } from '../src/events/consumer-states.js'
import { localSource } from '../src/events/local-source.js'
import type { JobHandlers } from '../src/jobs.js'
import { silentLog } from '../src/log.js'
import { Metrics } from '../src/metrics.js'
import { type Exposition, readExposition } from '../src/testing/exposition.js'
import { testConfig } from '../src/testing/test-subgraph.js'
import { until } from '../src/testing/until.js'

const PRIVATE = 'a topic that is nobody\'s "business"\n'

let database: TestDatabase
let metrics: Metrics
let owner: OpenDeps
let reader: OpenDeps
const stops: (() => Promise<void>)[] = []

beforeEach(async () => {
  database = await startTestDatabase({ services: ['owner', 'reader'] })
  metrics = new Metrics(silentLog())
  ;[owner, reader] = ['owner', 'reader'].map((name) =>
    openDeps({ db: database.service(name), config: testConfig(), log: silentLog(), metrics }),
  ) as [OpenDeps, OpenDeps]
})
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
  await owner.close()
  await reader.close()
  await database.close()
})

const scrape = async (): Promise<Exposition> => readExposition(await metrics.text())

/** Scrapes until it tells so much; what was scraped a moment ago is good for a second. */
async function told(name: string, labels: Record<string, string>, value: number | undefined): Promise<Exposition> {
  let latest = await scrape()
  await until(async () => {
    latest = await scrape()
    return latest.value(name, labels) === value
  })
  return latest
}

async function tell(topic: string, count: number) {
  await owner.db.sqlTransaction(async (sql) => {
    for (let n = 1; n <= count; n += 1) await owner.events.append(sql, { topic, type: 'told', data: { n } })
  })
  await owner.events.settle()
}

/** A consumer of the owner's log, in its own hand: nothing runs by itself. */
function consumer({ poison = [], source = localSource(owner.events) }: { poison?: string[]; source?: LogSource } = {}) {
  const definition = {
    name: 'reader.of-owner',
    source,
    from: 'beginning' as const,
    handle: async ({ topic }: { topic: string }) => {
      if (poison.includes(topic)) throw new Error('poison')
    },
  }
  reader.metrics.follow(definition)
  const made = new Consumer(definition, reader.db, silentLog())
  stops.push(() => made.stop())
  return made
}

const OF_OWNER = { service: 'reader', consumer: 'reader.of-owner', source: 'owner' }

describe('what is measured of a consumer', () => {
  it('is how many events it has not passed, and how old the oldest of them is', async () => {
    const reading = consumer()
    await tell('a', 3)
    await reading.run()
    const level = await told('ashlar_consumer_lag_events', OF_OWNER, 0)
    expect(level.value('ashlar_consumer_lag_seconds', OF_OWNER)).toBe(0)
    expect(level.value('ashlar_consumer_lost', OF_OWNER)).toBe(0)

    await tell('b', 7)
    await database.shiftClock('reader', '90 seconds')
    const behind = await told('ashlar_consumer_lag_events', OF_OWNER, 7)
    const age = behind.value('ashlar_consumer_lag_seconds', OF_OWNER) ?? 0
    expect(age).toBeGreaterThanOrEqual(90)
    expect(age).toBeLessThan(120)
    expect(behind.value('ashlar_log_head_position', { service: 'owner' })).toBe(10)

    await reading.run()
    await told('ashlar_consumer_lag_events', OF_OWNER, 0)
  })

  it('is what it holds back and for how long, and what is parked, but never which topic', async () => {
    const reading = consumer({ poison: [PRIVATE, 'bad'] })
    await tell(PRIVATE, 1)
    await tell('bad', 1)
    await tell('good', 1)
    await reading.run()
    const holding = await told('ashlar_consumer_held_topics', OF_OWNER, 2)
    expect(holding.value('ashlar_consumer_parked_topics', OF_OWNER)).toBe(0)
    expect(holding.value('ashlar_consumer_lag_events', OF_OWNER)).toBe(0)
    await database.shiftClock('reader', '2 hours')
    await until(async () => ((await scrape()).value('ashlar_consumer_failing_seconds', OF_OWNER) ?? 0) >= 7_200)

    await database.shiftClock('reader', '25 hours')
    await reading.run()
    const parked = await told('ashlar_consumer_parked_topics', OF_OWNER, 2)
    expect(parked.value('ashlar_consumer_held_topics', OF_OWNER)).toBe(0)
    expect(parked.value('ashlar_consumer_failing_seconds', OF_OWNER)).toBe(0)
    expect(await metrics.text()).not.toContain('business')

    await releaseTopic(reader.db, 'reader.of-owner', 'bad')
    await told('ashlar_consumer_parked_topics', OF_OWNER, 1)
  })

  it('is that it is lost, and by how much, once the log no longer reaches back to it', async () => {
    const reading = consumer()
    await tell('a', 2)
    await reading.run()
    await tell('a', 5)
    await owner.db.query('update log_head set floor = 6')
    await owner.db.query('delete from event where position <= 6')
    await reading.run()
    const lost = await told('ashlar_consumer_lost', OF_OWNER, 1)
    expect(lost.value('ashlar_consumer_lag_events', OF_OWNER)).toBe(5)
    expect(lost.value('ashlar_consumer_lag_seconds', OF_OWNER)).toBeUndefined()
  })

  it('is the whole log where that is of another epoch', async () => {
    const reading = consumer()
    await tell('a', 4)
    await reading.run()
    await told('ashlar_consumer_lag_events', OF_OWNER, 0)
    await owner.db.query(`update log_head set epoch = 'ffffffffffff'`)
    await told('ashlar_consumer_lag_events', OF_OWNER, 4)
  })

  it('is as the log was last seen while its service does not answer', async () => {
    let away: 'no' | 'refuses' | 'hangs' = 'no'
    const door = localSource(owner.events)
    const answer = async <T>(work: () => Promise<T>): Promise<T> => {
      if (away === 'hangs') await new Promise(() => {})
      if (away === 'refuses') throw new Error('away')
      return work()
    }
    const reading = consumer({
      source: {
        ...door,
        read: (place, topics, limit) => answer(() => door.read(place, topics, limit)),
        ends: () => answer(() => door.ends()),
      },
    })
    await tell('a', 2)
    await reading.run()
    await tell('a', 3)
    await told('ashlar_consumer_lag_events', OF_OWNER, 3)
    for (const how of ['refuses', 'hangs'] as const) {
      away = how
      await tell('a', 1)
      await reader.db.query('update consumer set position = position + 1')
      const last = await told('ashlar_consumer_lag_events', OF_OWNER, how === 'refuses' ? 2 : 1)
      expect(last.value('ashlar_consumer_lag_seconds', OF_OWNER)).toEqual(expect.any(Number))
      expect(last.value('ashlar_database_up', { service: 'reader' })).toBe(1)
    }
  })
})

describe('what is measured of jobs', () => {
  const start = (handlers: JobHandlers) => stops.push(reader.jobs.start(handlers))
  const ofKind = (kind: string) => ({ service: 'reader', kind })
  const enqueue = (kind: string, minutes: number, extra = '') =>
    reader.db.query(
      `insert into job (id, kind, run_at ${extra && ', failed_at'})
       values (gen_random_uuid(), $1, clock() + make_interval(mins => $2::int) ${extra && `, ${extra}`})`,
      [kind, minutes],
    )

  it('is how many wait, how long the oldest has been due, and which were given up', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    start({ 'reader.slow': { run: () => released }, 'reader.idle': { run: async () => {} } })
    for (let n = 0; n < 4; n += 1) await enqueue('reader.slow', -1)
    reader.jobs.wake()
    await told('ashlar_jobs', { ...ofKind('reader.slow'), state: 'running' }, 4)
    for (const minutes of [-10, -3]) await enqueue('reader.slow', minutes)
    await enqueue('reader.slow', 60)
    await enqueue('reader.slow', -1, 'clock()')
    await enqueue(`made up ${PRIVATE}`, 60)

    const state = await told('ashlar_jobs', { ...ofKind('reader.slow'), state: 'due' }, 2)
    const age = state.value('ashlar_jobs_due_seconds', ofKind('reader.slow')) ?? 0
    expect(age).toBeGreaterThanOrEqual(600)
    expect(age).toBeLessThan(640)
    expect(state.value('ashlar_jobs', { ...ofKind('reader.slow'), state: 'running' })).toBe(4)
    expect(state.value('ashlar_jobs', { ...ofKind('reader.slow'), state: 'later' })).toBe(1)
    expect(state.value('ashlar_jobs', { ...ofKind('reader.slow'), state: 'failed' })).toBe(1)
    expect(state.value('ashlar_jobs_due_seconds', ofKind('reader.idle'))).toBe(0)
    expect(state.value('ashlar_jobs', { ...ofKind('other'), state: 'later' })).toBe(1)
    expect(await metrics.text()).not.toContain('business')
    release()
    await told('ashlar_jobs', { ...ofKind('reader.slow'), state: 'due' }, 0)
  })

  it('is how many ran and for how long, by what became of them', async () => {
    start({
      'reader.good': { run: async () => {} },
      'reader.bad': {
        run: async () => {
          throw new Error(PRIVATE)
        },
      },
    })
    await reader.db.sqlTransaction(async (sql) => {
      for (let n = 0; n < 3; n += 1) await reader.jobs.enqueue(sql, { kind: 'reader.good' })
      await reader.jobs.enqueue(sql, { kind: 'reader.bad' })
    })
    await told('ashlar_job_duration_seconds_count', { ...ofKind('reader.good'), outcome: 'done' }, 3)
    const all = await told('ashlar_job_duration_seconds_count', { ...ofKind('reader.bad'), outcome: 'failed' }, 1)
    expect(all.value('ashlar_job_duration_seconds_sum', ofKind('reader.good'))).toBeGreaterThan(0)
    expect(all.value('ashlar_job_duration_seconds_bucket', { ...ofKind('reader.good'), le: '+Inf' })).toBe(3)
  })
})

describe('what is measured of a log', () => {
  it('is where it stands, and what waits for a position since when', async () => {
    await owner.events.close()
    await database.admin.query(`insert into owner.event (topic, type) values ('a', 'b'), ('a', 'c')`)
    await told('ashlar_log_pending_events', { service: 'owner' }, 2)
    await until(async () => ((await scrape()).value('ashlar_log_pending_seconds', { service: 'owner' }) ?? 0) > 1)
    await owner.events.settle()
    const settled = await told('ashlar_log_pending_events', { service: 'owner' }, 0)
    expect(settled.value('ashlar_log_pending_seconds', { service: 'owner' })).toBe(0)
    expect(settled.value('ashlar_log_head_position', { service: 'owner' })).toBe(2)
    expect(settled.value('ashlar_log_head_position', { service: 'reader' })).toBe(0)
  })

  it('is who follows it, who was too slow, and whose cursor it no longer reached back to', async () => {
    const ended = new AbortController()
    const slow = owner.live.follow(null, null, ended.signal)
    const first = slow.next()
    await told('ashlar_log_followers', { service: 'owner' }, 1)
    await tell('a', 1)
    await first
    // More than one may have waiting.
    await tell('a', 300)
    const behind = await told('ashlar_log_followers_behind_total', { service: 'owner' }, 1)
    expect(behind.families.get('ashlar_log_followers_behind_total')?.type).toBe('counter')
    ended.abort()
    await slow.return()
    await told('ashlar_log_followers', { service: 'owner' }, 0)

    const cursor = await owner.events.cursor()
    await owner.db.query(`update log_head set epoch = 'ffffffffffff'`)
    await expect(owner.events.place(cursor)).rejects.toMatchObject({ extensions: { code: 'STALE_CURSOR' } })
    await told('ashlar_log_stale_cursors_total', { service: 'owner' }, 1)
  })
})

describe('a scrape', () => {
  it('leaves out what a database that is away would tell, and answers all the same', async () => {
    consumer()
    const before = await told('ashlar_database_up', { service: 'reader' }, 1)
    expect(Math.abs(before.value('ashlar_database_clock_offset_seconds', { service: 'reader' }) ?? Number.NaN)).toBeLessThan(1)
    const { rows } = await database.admin.query('select current_database() as name')
    const allow = (connections: number) => database.admin.query(`alter database ${rows[0]?.name} connection limit ${connections}`)
    await allow(0)
    await database.admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    const away = await told('ashlar_database_up', { service: 'reader' }, 0)
    for (const name of ['ashlar_log_head_position', 'ashlar_log_pending_events', 'ashlar_database_clock_offset_seconds'])
      expect(away.value(name, { service: 'reader' })).toBeUndefined()
    expect(away.value('ashlar_database_connections_max', { service: 'reader' })).toBe(10)
    await allow(-1)
    await told('ashlar_log_head_position', { service: 'reader' }, 0)
  })

  it('waits for no database that hangs, and asks it no second time meanwhile', async () => {
    await told('ashlar_database_up', { service: 'owner' }, 1)
    await database.admin.query('begin')
    await database.admin.query('lock table owner.log_head in access exclusive mode')
    const since = performance.now()
    const hanging = await told('ashlar_database_up', { service: 'owner' }, 0)
    expect(performance.now() - since).toBeLessThan(4_000)
    expect(hanging.value('ashlar_database_up', { service: 'reader' })).toBe(1)
    expect(hanging.value('ashlar_database_connections', { service: 'owner', state: 'busy' })).toBeLessThanOrEqual(2)
    await database.admin.query('rollback')
    await told('ashlar_database_up', { service: 'owner' }, 1)
  })

  it('costs each service one statement, however many ask at once', async () => {
    await told('ashlar_database_up', { service: 'owner' }, 1)
    const busy = new Metrics(silentLog())
    const deps = openDeps({ db: owner.db, config: testConfig(), log: silentLog(), metrics: busy })
    stops.push(() => deps.close())
    const { result, statements } = await countStatements(() => Promise.all(Array.from({ length: 50 }, () => busy.text())))
    expect(statements).toHaveLength(1)
    expect(new Set(result).size).toBe(1)
  })

  it('tells how the connections are used', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const held = Promise.all(Array.from({ length: 3 }, () => reader.db.sqlTransaction(() => released)))
    const busy = await told('ashlar_database_connections', { service: 'reader', state: 'busy' }, 3)
    expect(busy.value('ashlar_database_connections_waiting', { service: 'reader' })).toBe(0)
    release()
    await held
    const idle = await told('ashlar_database_connections', { service: 'reader', state: 'busy' }, 0)
    expect(idle.value('ashlar_database_connections', { service: 'reader', state: 'idle' })).toBeGreaterThanOrEqual(3)
  })

  it('tells of one instance alone, and of nothing that has closed', async () => {
    const other = new Metrics(silentLog())
    const beside = openDeps({ db: reader.db, config: testConfig(), log: silentLog(), metrics: other })
    beside.metrics.value({ name: 'ashlar_own', help: 'Its own.', type: 'gauge' }, () => 5)
    const alone = readExposition(await other.text())
    expect(alone.value('ashlar_own', { service: 'reader' })).toBe(5)
    expect(alone.value('ashlar_database_up', { service: 'owner' })).toBeUndefined()
    expect((await scrape()).families.has('ashlar_own')).toBe(false)
    await beside.close()
    await until(async () => readExposition(await other.text()).value('ashlar_own') === undefined)
    expect(readExposition(await other.text()).value('ashlar_database_up')).toBeUndefined()
  })

  it('leaves out what can not be measured now, rather than telling 0', async () => {
    const own = (name: `ashlar_${string}`) => ({ name, help: 'Its own.', type: 'gauge' as const })
    reader.metrics.value(own('ashlar_unknown'), () => null)
    reader.metrics.value(own('ashlar_broken'), () => {
      throw new Error('broken')
    })
    reader.metrics.value(own('ashlar_endless'), () => Number.POSITIVE_INFINITY)
    const end = metrics.read([own('ashlar_bare')], () => [])
    await told('ashlar_endless', { service: 'reader' }, Number.POSITIVE_INFINITY)
    const { families, value } = await scrape()
    for (const name of ['ashlar_unknown', 'ashlar_broken', 'ashlar_bare']) {
      expect(families.get(name)?.help).toBe('Its own.')
      expect(value(name)).toBeUndefined()
    }
    end()
  })
})
