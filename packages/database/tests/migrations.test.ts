import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { historyOf, type Migration } from '../src/migrations/history.js'
import { counterHistory, migration } from './support/history.js'
import { Program } from './support/program.js'
import { startOn } from './support/start.js'
import { until } from './support/wait.js'

describe('migrations', () => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await startTestDatabase({ services: [] })
  })
  afterEach(() => database.close())

  const init = counterHistory[0] as Migration
  const second = migration('20260102000000_second', 'alter table counter add column note text; create table other (id int primary key);')
  const bad = migration('20260103000000_bad', 'create table half (id int primary key); insert into half values (1), (1);')
  const start = async (history: readonly Migration[], services = ['left']) => {
    await using started = await startOn(database, { services, history: () => [...history] })
    return started.info
  }
  const recorded = async (service = 'left') => {
    const { rows } = await database.admin.query(
      `select migration_name, finished_at is not null as finished from "${service}"._prisma_migrations order by migration_name`,
    )
    return rows.map((row) => [row.migration_name, row.finished])
  }
  const tables = async (service = 'left') => {
    const { rows } = await database.admin.query(
      `select tablename from pg_tables where schemaname = $1 and tablename <> '_prisma_migrations' order by 1`,
      [service],
    )
    return rows.map((row) => row.tablename)
  }

  it('bring each service to the end of a history of its own', async () => {
    await using _ = await startOn(database, { history: (service) => (service === 'left' ? [init, second] : [init]) })
    expect(await recorded('left')).toEqual([
      [init.name, true],
      [second.name, true],
    ])
    expect(await recorded('right')).toEqual([[init.name, true]])
  })

  it('go on where they stopped, also with one that is to come before what is applied', async () => {
    await start([init])
    const earlier = migration('20250101000000_kit', 'create table earlier (id int)')
    await start([earlier, init, second])
    expect(await tables()).toEqual(['counter', 'earlier', 'other'])
    await start([earlier, init, second])
    expect(await recorded()).toHaveLength(3)
  })

  it('are each applied once when several processes start at once', async () => {
    const started = await Promise.all(Array.from({ length: 4 }, () => startOn(database, { history: () => [init, second] })))
    await Promise.all(started.map((each) => each.close()))
    expect(await recorded('left')).toHaveLength(2)
    expect(await recorded('right')).toHaveLength(2)
  })

  it('leave nothing of one that fails, keep those before it, and go on once it is right', async () => {
    const words = expect.stringMatching(new RegExp(`${bad.name}.*half_pkey`))
    await expect(start([init, bad])).rejects.toMatchObject({ name: 'MigrationError', message: words })
    expect(await recorded()).toEqual([[init.name, true]])
    expect(await tables()).toEqual(['counter'])
    await start([init, migration(bad.name, 'create table half (id int primary key)')])
    expect(await tables()).toEqual(['counter', 'half'])
  })

  it('leave nothing of one whose process was killed in its middle, and the next start goes on', async () => {
    const running = async () =>
      (
        await database.admin.query(
          `select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%' and pid <> pg_backend_pid()`,
        )
      ).rows.length > 0
    const killed = new Program('/nowhere', {
      env: { TEST_DATABASE_URL: database.url, TEST_MIGRATION: 'create table half (id int); select pg_sleep(600);' },
    })
    await until('the migration runs', running)
    killed.kill('SIGKILL')
    await killed.ended()
    expect(await recorded()).toEqual([[init.name, true]])
    await start([init, second])
    expect(await tables()).toEqual(['counter', 'other'])
  })

  it('take functions whose bodies hold semicolons', async () => {
    await start([
      init,
      migration(
        '20260102000000_function',
        'create function twice(n int) returns int language plpgsql as $$ begin n := n * 2; return n; end; $$;',
      ),
    ])
    expect((await database.admin.query('select "left".twice(2)')).rows).toEqual([{ twice: 4 }])
  })

  it('refuse a history that was changed after it had been applied', async () => {
    await start([init])
    await expect(start([migration(init.name, `${init.sql} -- and more`)])).rejects.toMatchObject({ name: 'MigrationError' })
  })

  it('refuse a database that a newer version has written', async () => {
    await start([init, second])
    await expect(start([init])).rejects.toMatchObject({ name: 'MigrationError' })
    expect(await tables()).toEqual(['counter', 'other'])
  })

  it('refuse two of one name', () => {
    expect(() => historyOf('kit')).toThrow()
  })
})
