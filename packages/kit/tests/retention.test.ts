import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { silentLog } from '../src/log.js'
import { expired, Retention } from '../src/retention.js'

const IDEMPOTENCY = `insert into idempotency_key (actor, field, key, input_hash, created_at)
  select 'a', 'f', number::text, '', clock() - make_interval(days => number) from generate_series(1, 10) number`
const AUDIT = `insert into audit_entry (id, at, action)
  select gen_random_uuid(), clock() - make_interval(months => number), 'x' from generate_series(1, 20) number`
const FAILED = `insert into job (id, kind, failed_at)
  select gen_random_uuid(), 'x', clock() - make_interval(days => 1 + number % 60) from generate_series(1, 6000) number`

let database: TestDatabase
beforeAll(async () => {
  database = await startTestDatabase({ services: ['users'] })
})
beforeEach(async () => {
  await database.shiftClock('users', '0')
  for (const table of ['idempotency_key', 'audit_entry', 'job']) await database.service('users').query(`delete from ${table}`)
  for (const statement of [IDEMPOTENCY, AUDIT, FAILED]) await database.service('users').query(statement)
})
afterAll(() => database.close())

const deps = () => ({ db: database.service('users'), log: silentLog(), config: { eventRetentionDays: 30 } })
const counts = async () =>
  (
    await database.service('users').query(`select (select count(*)::int from idempotency_key) as keys,
      (select count(*)::int from audit_entry) as audit, (select count(*)::int from job) as jobs`)
  )[0]

it('forgets what is past its time, in as many batches as it takes', async () => {
  const retention = new Retention(deps(), [expired('job', 'id', "kind = 'y'")])
  await database.service('users').query("update job set kind = 'y', failed_at = null where failed_at > clock() - interval '20 days'")
  await retention.clean()
  expect(await counts()).toEqual({ keys: 6, audit: 11, jobs: 1_000 })
})

it('forgets nothing while the clock stands elsewhere than it did', async () => {
  const retention = new Retention(deps(), [])
  await retention.clean()
  const before = await counts()
  await database.shiftClock('users', '2 years')
  await retention.clean()
  expect(await counts()).toEqual(before)
})

describe('the event log', () => {
  const EVENTS = `insert into event (position, at, topic, type)
    select number, clock() - make_interval(days => 60 - number), 'x', 'y' from generate_series(1, 60) number`
  const log = async () =>
    (
      await database.service('users').query(`select (select count(*)::int from event) as events,
        (select min(position)::int from event) as first, (select floor::int from log_head) as floor`)
    )[0]

  beforeEach(async () => {
    const db = database.service('users')
    for (const statement of ['delete from event', 'delete from log_reader', EVENTS, 'update log_head set position = 60, floor = 0'])
      await db.query(statement)
  })

  it('forgets what is past its retention, and says how far it reaches back', async () => {
    await new Retention(deps(), []).clean()
    expect(await log()).toEqual({ events: 30, first: 31, floor: 30 })
  })

  it('keeps a week longer what a consumer has not passed, and no more than that', async () => {
    await database
      .service('users')
      .query("insert into log_reader (name, position, seen_at) values ('slow', 28, clock()), ('quick', 60, clock())")
    await new Retention(deps(), []).clean()
    expect(await log()).toEqual({ events: 32, first: 29, floor: 28 })
    await database.service('users').query("update log_reader set position = 3 where name = 'slow'")
    await database.shiftClock('users', '10 days')
    await new Retention(deps(), []).clean()
    expect(await log()).toEqual({ events: 27, first: 34, floor: 33 })
  })
})
