import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { v7 as uuid } from 'uuid'
import { WAITING_MAX } from '../src/service-pool.js'
import { until } from './support/wait.js'

const CONNECTIONS = 5

describe('the database of a service', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await startTestDatabase({ services: ['users'], connectionsMax: CONNECTIONS })
    await database.admin.query('create table users.counter (name text primary key, value int not null)')
    await database.admin.query('grant select, insert, update, delete on users.counter to public')
  })
  beforeEach(() => database.admin.query('truncate users.counter, users.account cascade'))
  afterAll(() => database.close())

  const users = () => database.service('users')
  const count = async () => Number((await database.admin.query('select count(*) from users.counter')).rows[0].count)
  const account = (username: string) => ({ id: uuid(), username, displayName: username })
  const connections = async () =>
    (
      await database.admin.query(
        `select pid, state from pg_stat_activity where application_name = 'ashlar users' and datname = current_database()`,
      )
    ).rows

  describe('in a transaction', () => {
    it('writes models and SQL together', async () => {
      await users().transaction(async (tx) => {
        await tx.prisma.account.create({ data: account('ada') })
        await tx.query(`insert into counter select username, 1 from account`)
      })
      expect(await users().query('select name from counter')).toEqual([{ name: 'ada' }])
    })

    it('undoes models and SQL together', async () => {
      const failing = users().transaction(async (tx) => {
        await tx.prisma.account.create({ data: account('ada') })
        await tx.query(`insert into counter values ('ada', 1)`)
        throw new RangeError('no')
      })
      await expect(failing).rejects.toThrow(RangeError)
      expect(await users().prisma.account.count()).toBe(0)
      expect(await count()).toBe(0)
    })

    it("has SQL on the models' connection, also where many begin at once and more than there are connections", async () => {
      const many = Array.from({ length: 40 }, (_, at) =>
        users().transaction(async (tx) => {
          const [ours] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
          const theirs = await tx.prisma.$queryRaw<{ pid: number }[]>`select pg_backend_pid() as pid`
          await tx.prisma.account.create({ data: account(`user_${at}`) })
          await tx.query(`insert into counter select username, 1 from account where username = $1`, [`user_${at}`])
          return ours?.pid === theirs[0]?.pid
        }),
      )
      expect(await Promise.all(many)).toEqual(Array(40).fill(true))
      expect(await count()).toBe(40)
    })

    it('keeps apart one that runs within another', async () => {
      await users().transaction(async (outer) => {
        await users().transaction(async (inner) => {
          await inner.query(`insert into counter values ('inner', 1)`)
          await outer.query(`insert into counter values ('outer', 1)`)
          await users().sqlTransaction((sql) => sql.query(`insert into counter values ('third', 1)`))
          expect(await inner.query('select name from counter order by name')).toEqual([{ name: 'inner' }, { name: 'third' }])
        })
        expect(await outer.query('select name from counter order by name')).toEqual([
          { name: 'inner' },
          { name: 'outer' },
          { name: 'third' },
        ])
      })
      expect(await count()).toBe(3)
    })

    it.each(['transaction', 'sqlTransaction'] as const)(
      'refuses SQL after the end of a %s, when the connection is another’s',
      async (kind) => {
        const kept = await users()[kind](async (sql) => sql)
        await expect(kept.query('select 1')).rejects.toThrow()
      },
    )

    it.each(['transaction', 'sqlTransaction'] as const)(
      'says that nothing was written where a %s went on after a failed statement',
      async (kind) => {
        const swallowing = users()[kind](async (sql) => {
          await sql.query(`insert into counter values ('one', 1)`)
          await sql.query('select 1 / 0').catch(() => {})
        })
        await expect(swallowing).rejects.toThrow()
        expect(await count()).toBe(0)
      },
    )

    it.each(['transaction', 'sqlTransaction'] as const)('sends statements of one %s one after the other', async (kind) => {
      const rows = await users()[kind]((sql) =>
        Promise.all(['a', 'b', 'c', 'd'].map((name) => sql.query('insert into counter values ($1, 1) returning name', [name]))),
      )
      expect(rows.flat()).toEqual(['a', 'b', 'c', 'd'].map((name) => ({ name })))
    })
  })

  it('keeps a connection with what it has prepared after an error as ordinary as a broken constraint', async () => {
    await users().query(`insert into counter values ('one', 1)`)
    const before = (await connections()).map(({ pid }) => pid)
    await expect(users().query(`insert into counter values ('one', 1)`)).rejects.toMatchObject({ code: '23505' })
    await users().query('select 1')
    expect((await connections()).map(({ pid }) => pid)).toEqual(before)
  })

  it('ends a statement that takes longer than two seconds', async () => {
    await expect(users().query('select pg_sleep(60)')).rejects.toMatchObject({ code: '57014' })
  })

  it('gives work in the background the time that it asks for', async () => {
    const timeout = (sql: { query: ReturnType<typeof users>['query'] }) =>
      sql.query<{ ms: string }>(`select setting as ms from pg_settings where name = 'statement_timeout'`)
    expect(await users().sqlTransaction(timeout, { statementTimeoutMs: 60_000 })).toEqual([{ ms: '60000' }])
    expect(await users().sqlTransaction(timeout)).toEqual([{ ms: '2000' }])
  })

  /** Has all connections in use until they are released. */
  async function takeAll() {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let taken = 0
    const holders = Array.from({ length: CONNECTIONS }, () =>
      users().sqlTransaction(async (sql) => {
        await sql.query('select 1')
        taken += 1
        await held
      }),
    )
    await until('all connections are taken', () => taken === CONNECTIONS)
    return { release, holders }
  }

  it('lets nobody wait longer than five seconds for a connection', async () => {
    const { release, holders } = await takeAll()
    const from = performance.now()
    const waiting = [users().query('select 1'), users().transaction((tx) => tx.query('select 1')), users().prisma.account.count()]
    const outcomes = await Promise.allSettled(waiting)
    release()
    for (const each of outcomes) expect(each).toMatchObject({ status: 'rejected', reason: { code: '53300' } })
    expect(performance.now() - from).toBeLessThan(6_000)
    await Promise.all(holders)
    expect(await users().query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('refuses at once what comes while too much waits for a connection', async () => {
    const { release, holders } = await takeAll()
    const waiting = Array.from({ length: WAITING_MAX }, () => users().query('select 1 as one'))
    await expect(users().query('select 1')).rejects.toMatchObject({ code: '53300' })
    release()
    expect(await Promise.all(waiting)).toHaveLength(WAITING_MAX)
    await Promise.all(holders)
  })

  it('undoes a transaction that takes longer than five seconds', async () => {
    const slow = users().transaction(async (tx) => {
      await tx.query(`insert into counter values ('slow', 1)`)
      for (let at = 0; at < 8; at += 1) await tx.query('select pg_sleep(0.9)')
    })
    await expect(slow).rejects.toMatchObject({ code: '25P04' })
    expect(await count()).toBe(0)
    expect(await users().query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('tells a commit whose answer was lost from one that failed', async () => {
    const cut = users().sqlTransaction(async (sql) => {
      const [own] = await sql.query<{ pid: number }>('select pg_backend_pid() as pid')
      await Promise.all([sql.query('select pg_sleep(1.9)'), database.admin.query('select pg_terminate_backend($1)', [own?.pid])])
    })
    await expect(cut).rejects.toMatchObject({ code: expect.stringMatching(/^(57P01|08006)$/) })
  })

  it('comes back at once after all its connections were cut', async () => {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => users().query('select pg_sleep(0.05)')))
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ashlar users' and datname = current_database()`,
    )
    await until('the connections are gone', async () => (await connections()).length === 0)
    await until('the pool has heard of it', () => users().pool.totalCount === 0)
    const answers = await Promise.all(Array.from({ length: 20 }, () => users().query('select 1 as one')))
    expect(answers.flat()).toHaveLength(20)
    expect(await users().prisma.account.count()).toBe(0)
  })

  it('does not use again a connection that was left inside of a transaction', async () => {
    await users().query('begin')
    await users().query(`insert into counter values ('after', 1)`)
    expect(await count()).toBe(1)
  })

  it('ends what still runs when it closes, but not before it had its time', async () => {
    const other = await startTestDatabase({ services: ['users'] })
    const service = other.service('users')
    const running = service.query('select pg_sleep(0.3)')
    await until(
      'the statement runs',
      async () =>
        (
          await other.admin.query(
            `select from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()`,
          )
        ).rows.length > 0,
    )
    await other.close()
    expect(await running).toHaveLength(1)
    await expect(service.query('select 1')).rejects.toMatchObject({ code: '08001' })
    await other.close()
  })
})
