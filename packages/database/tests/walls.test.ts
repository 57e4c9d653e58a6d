import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { passwordOf } from '../src/logins.js'
import type { Database } from '../src/start.js'
import { counterHistory, migration } from './support/history.js'
import { secret, startOn } from './support/start.js'

const INSUFFICIENT_PRIVILEGE = '42501'

describe('between services', () => {
  let database: TestDatabase
  let started: Database
  beforeAll(async () => {
    database = await startTestDatabase({ services: [] })
    started = await startOn(database)
  })
  afterAll(async () => {
    await started.close()
    await database.close()
  })

  const left = () => started.service('left')
  const denied = { code: INSUFFICIENT_PRIVILEGE }

  it('each reads and writes its own rows', async () => {
    await left().query(`insert into counter values ('mine', 1)`)
    await left().query('update counter set value = value + 1')
    expect(await left().query('delete from counter returning *')).toEqual([{ name: 'mine', value: 2 }])
  })

  it.each([
    'select * from "right".counter',
    `insert into "right".counter values ('theirs', 1)`,
    'select * from "right"._prisma_migrations',
  ])("none gets at another's: %s", async (statement) => {
    await expect(left().query(statement)).rejects.toMatchObject(denied)
  })

  it.each([
    'create table more (id int)',
    'drop table counter',
    'alter table counter add column more int',
    'update _prisma_migrations set checksum = null',
    'create schema more',
    'create table public.more (id int)',
    'create temporary table more (id int)',
    'select lo_create(0)',
    `select lo_from_bytea(0, 'more')`,
  ])('none changes its tables or its history: %s', async (statement) => {
    await expect(left().query(statement)).rejects.toMatchObject(denied)
  })

  it('none becomes the owner of its tables, or anybody else', async () => {
    const { rows } = await database.admin.query(
      `select rolname from pg_roles where rolname like '%.left.owner' or rolname like '%.right' or rolname = 'postgres'`,
    )
    expect(rows.length).toBeGreaterThanOrEqual(3)
    for (const { rolname } of rows) await expect(left().query(`set role "${rolname}"`)).rejects.toMatchObject(denied)
  })

  it('a later start gives the rows of later tables to their service', async () => {
    const later = migration(
      '20260201000000_later',
      'create table later (id int generated always as identity primary key, name text); create sequence ticket;',
    )
    await using again = await startOn(database, { history: (service) => [...counterHistory, ...(service === 'right' ? [later] : [])] })
    const right = again.service('right')
    expect(await right.query(`insert into later (name) values ('one') returning id`)).toEqual([{ id: 1 }])
    expect(await right.query(`select nextval('ticket')`)).toEqual([{ nextval: '1' }])
    await expect(left().query('select * from "right".later')).rejects.toMatchObject(denied)
  })

  it('a start with another secret changes the passwords, and the old ones are of no use', async () => {
    await using changing = await startTestDatabase({ services: [] })
    await using before = await startOn(changing)
    await before.service('left').query('select 1')
    const { rows } = await changing.admin.query(
      `select usename as user, current_database() as database from pg_stat_activity where application_name = 'ashlar left' and datname = current_database()`,
    )
    const signIn = (key: Buffer) => signInWith(changing, { ...rows[0], password: passwordOf(key, rows[0].user) })
    await signIn(secret)

    const other = Buffer.alloc(32, 'another secret')
    await using _ = await startOn(changing, { secret: other })
    await signIn(other)
    await expect(signIn(secret)).rejects.toMatchObject({ code: '28P01' })
  })

  it('passwords reach the server as what it would have made of them', async () => {
    const { rows } = await database.admin.query(`select rolpassword from pg_authid where rolname like '%.left'`)
    expect(rows[0].rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/)
  })
})

async function signInWith({ admin }: TestDatabase, config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ host: admin.host, port: admin.port, ...config })
  await client.connect()
  await client.end()
}
