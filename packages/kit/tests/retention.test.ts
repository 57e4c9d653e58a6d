import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
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

const counts = async () =>
  (
    await database.service('users').query(`select (select count(*)::int from idempotency_key) as keys,
      (select count(*)::int from audit_entry) as audit, (select count(*)::int from job) as jobs`)
  )[0]

it('forgets what is past its time, in as many batches as it takes', async () => {
  const retention = new Retention({ db: database.service('users'), log: silentLog() }, [expired('job', 'id', "kind = 'y'")])
  await database.service('users').query("update job set kind = 'y', failed_at = null where failed_at > clock() - interval '20 days'")
  await retention.clean()
  expect(await counts()).toEqual({ keys: 6, audit: 11, jobs: 1_000 })
})

it('forgets nothing while the clock stands elsewhere than it did', async () => {
  const retention = new Retention({ db: database.service('users'), log: silentLog() }, [])
  await retention.clean()
  const before = await counts()
  await database.shiftClock('users', '2 years')
  await retention.clean()
  expect(await counts()).toEqual(before)
})
