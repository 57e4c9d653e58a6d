import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startTestDatabase } from '@ashlar/database/testing'
import { describe, expect, it } from '@jest/globals'
import { silent } from '../src/logger.js'
import { openServices } from '../src/open-services.js'
import { DataFolder } from './support/data-folder.js'
import { Program } from './support/program.js'
import { secret, startOn } from './support/start.js'

// That of programs/serve.mjs.
const PROGRAM_SECRET = Buffer.alloc(32, 'the programs of the tests')
const visit = (dataDir: string, options: Partial<Parameters<typeof openServices>[0]> = {}) =>
  openServices({ dataDir, secret: PROGRAM_SECRET, services: ['left'], log: silent, ...options })
const COUNT = 'select count(*)::int as rows from counter'

describe('services that are opened for a short while', () => {
  it('are read and written beside the process that serves them, which keeps its lock and writes on', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path, { mode: 'write' })
    const { ready } = await program.ready()
    await program.line('written', 10)
    {
      await using services = await visit(folder.path)
      expect([...services.unreached]).toEqual([])
      const left = services.reached.get('left')
      expect((await left?.query<{ rows: number }>(COUNT))?.[0]?.rows).toBeGreaterThanOrEqual(10)
      await left?.query(`insert into counter values ('a visitor', 1)`)
      // Under the service's own login: it has no business with what is not a row.
      await expect(left?.query('create table mine ()')).rejects.toMatchObject({ code: '42501' })
      const second = new Program(folder.path)
      expect(await second.failure()).toMatchObject({ name: 'EmbeddedPostgresError' })
    }
    expect(folder.processes()[0]).toBe(ready.pid)
    await program.line('written', program.all('written').length + 10)
    expect(program.all('refused')).toEqual([])
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
  })

  it('start the server where none runs, hold it meanwhile, and stop it', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path)
    await program.ready()
    program.kill('SIGTERM')
    await program.ended()
    {
      await using services = await visit(folder.path)
      await services.reached.get('left')?.query(`insert into counter values ('a visitor', 1)`)
      const meanwhile = new Program(folder.path)
      expect(await meanwhile.failure()).toMatchObject({ name: 'EmbeddedPostgresError' })
      // A second visitor is no start: it comes in beside the first.
      await using other = await visit(folder.path)
      expect(await other.reached.get('left')?.query(COUNT)).toEqual([{ rows: 1 }])
    }
    expect(folder.processes()).toEqual([])
  })

  it('use a server that a killed process has left, and leave it to the next start', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path)
    const { ready } = await program.ready()
    program.kill('SIGKILL')
    await program.ended()
    {
      await using services = await visit(folder.path)
      expect(services.reached.size).toBe(1)
    }
    expect(folder.processes()[0]).toBe(ready.pid)
  })

  it('make nothing where there is nothing', async () => {
    await using folder = await DataFolder.make()
    const { unreached } = await visit(folder.path)
    expect(unreached.get('left')).toMatchObject({ name: 'EmbeddedPostgresError', message: expect.stringContaining(folder.path) })
    expect(existsSync(folder.path)).toBe(false)
  })

  it('say that the password of the data folder, or the key of the logins, is another', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path)
    const { ready } = await program.ready()
    const other = await visit(folder.path, { secret })
    expect(other.unreached.get('left')).toMatchObject({ name: 'DatabaseError', message: expect.stringContaining('SECRET_KEY') })
    await other.close()

    const file = join(folder.home, 'password')
    const password = readFileSync(file, 'utf8')
    writeFileSync(file, 'another')
    const { unreached } = await visit(folder.path)
    expect(unreached.get('left')).toMatchObject({ name: 'EmbeddedPostgresError' })
    writeFileSync(file, password)
    expect(folder.processes()[0]).toBe(ready.pid)
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
  })

  it('say of each what keeps it from being reached, and reach the others', async () => {
    await using database = await startTestDatabase({ services: [] })
    const at = { databaseUrl: database.url, secret }
    const before = await visit('/nowhere', at)
    expect(before.unreached.get('left')).toMatchObject({ name: 'DatabaseError' })

    await using started = await startOn(database, { services: ['left'] })
    await using services = await visit('/nowhere', { ...at, services: ['left', 'right'] })
    expect([[...services.reached.keys()], [...services.unreached.keys()]]).toEqual([['left'], ['right']])
    await using away = await visit('/nowhere', { ...at, services: ['left', 'right'], serviceUrls: { left: 'postgres://127.0.0.1:1/left' } })
    expect([...away.unreached.keys()].sort()).toEqual(['left', 'right'])
    expect(started.info.embedded).toBe(false)
  })

  it('want no key where all was made under one role', async () => {
    await using database = await startTestDatabase({ services: [] })
    await using _ = await startOn(database, { oneRole: true })
    const at = { databaseUrl: database.url, secret: null }
    const refused = await visit('/nowhere', at)
    expect(refused.unreached.get('left')).toMatchObject({ message: expect.stringContaining('ONE_ROLE=1') })
    await using services = await visit('/nowhere', { ...at, oneRole: true })
    expect(await services.reached.get('left')?.query(COUNT)).toEqual([{ rows: 0 }])
  })
})
