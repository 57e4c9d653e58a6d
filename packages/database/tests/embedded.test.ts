import { chmodSync, existsSync, readdirSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { findPlace } from '../src/embedded/place.js'
import { takeServer } from '../src/embedded/running-server.js'
import { DataFolder } from './support/data-folder.js'
import { Program } from './support/program.js'
import { until } from './support/wait.js'

describe('the embedded PostgreSQL', () => {
  it('keeps what was written from one start to the next, and leaves no process', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path, { mode: 'write' })
    const { ready } = await first.ready()
    expect(ready).toMatchObject({ embedded: true, version: expect.stringMatching(/^18/) })
    await first.line('written', 20)
    first.kill('SIGTERM')
    expect(await first.ended()).toBe(0)
    expect(folder.processes()).toEqual([])

    const second = new Program(folder.path)
    await second.ready()
    second.kill('SIGTERM')
    expect(await second.ended()).toBe(0)
    expect(second.all('closed')).toEqual([{ rows: first.all('written').length }])
    expect(folder.processes()).toEqual([])
  })

  it('serves one process: a second start on the folder says so and stops, and the first goes on', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path, { mode: 'write' })
    await first.ready()
    const second = new Program(folder.path)
    expect(await second.failure()).toMatchObject({ name: 'EmbeddedPostgresError', message: expect.stringContaining(folder.path) })
    expect(await second.ended()).toBe(1)
    const before = first.all('written').length
    await first.line('written', before + 5)
    expect(first.all('refused')).toEqual([])
    first.kill('SIGTERM')
    expect(await first.ended()).toBe(0)
  })

  it('serves one of several that start on an empty folder at the same moment', async () => {
    await using folder = await DataFolder.make()
    const programs = Array.from({ length: 3 }, () => new Program(folder.path))
    const outcomes = await Promise.all(programs.map((program) => program.ready().catch(() => program.failure())))
    expect(outcomes.filter((outcome) => 'ready' in outcome)).toHaveLength(1)
    for (const outcome of outcomes) if (!('ready' in outcome)) expect(outcome).toMatchObject({ name: 'EmbeddedPostgresError' })
    for (const program of programs) program.kill('SIGTERM')
    await Promise.all(programs.map((program) => program.ended()))
    expect(folder.processes()).toEqual([])
  }, 120_000)

  it('is taken over, running, after kill -9 of its process', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path, { mode: 'write' })
    const { ready } = await first.ready()
    await first.line('written', 50)
    first.kill('SIGKILL')
    await first.ended()
    expect(folder.processes()[0]).toBe(ready.pid)

    const second = new Program(folder.path)
    const taken = await second.ready()
    expect(taken.ready.pid).toBe(ready.pid)
    second.kill('SIGTERM')
    expect(await second.ended()).toBe(0)
    const [closed] = second.all('closed') as { rows: number }[]
    expect(closed?.rows).toBeGreaterThanOrEqual(first.all('written').length)
    expect(folder.processes()).toEqual([])
  })

  it('is started anew by a version or settings other than those it was left with', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path)
    await first.ready()
    first.kill('SIGTERM')
    await first.ended()
    const left = await takeServer(await findPlace(folder.path), { work_mem: '5MB' })
    await left.holder.end()

    const second = new Program(folder.path)
    const { ready } = await second.ready()
    expect(ready.pid).not.toBe(left.pid)
    second.kill('SIGTERM')
    expect(await second.ended()).toBe(0)
    expect(folder.processes()).toEqual([])
  })

  it('with other settings is not taken from the process that it serves', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path)
    const { ready } = await first.ready()
    await expect(takeServer(await findPlace(folder.path), { work_mem: '5MB' })).rejects.toMatchObject({ name: 'EmbeddedPostgresError' })
    expect(folder.processes()[0]).toBe(ready.pid)
    first.kill('SIGTERM')
    expect(await first.ended()).toBe(0)
  })

  it('comes back after kill -9 of the server alone, and its process writes on', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path, { mode: 'write' })
    const { ready } = await program.ready()
    await program.line('written', 20)
    process.kill(ready.pid, 'SIGKILL')
    await program.line('refused')
    const before = program.all('written').length
    await program.line('written', before + 50)
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
    const [closed] = program.all('closed') as { rows: number }[]
    expect(closed?.rows).toBeGreaterThanOrEqual(program.all('written').length)
    expect(folder.processes()).toEqual([])
  })

  it('comes back after kill -9 of one of its workers', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path, { mode: 'write' })
    await program.ready()
    await program.line('written', 20)
    process.kill(folder.processes().at(-1) ?? 0, 'SIGKILL')
    await program.line('refused')
    const before = program.all('written').length
    await program.line('written', before + 50)
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
    expect(folder.processes()).toEqual([])
  })

  it('has every acknowledged row after kill -9 of everything during writes, again and again', async () => {
    await using folder = await DataFolder.make()
    const acknowledged = new Set<unknown>()
    for (let round = 0; round < 4; round += 1) {
      const program = new Program(folder.path, { mode: 'write' })
      await program.ready()
      await program.line('written', 200)
      // The process first or the server first: each is a fall of its own.
      if (round % 2) folder.kill()
      program.kill('SIGKILL')
      folder.kill()
      await program.ended()
      for (const name of program.all('written')) acknowledged.add(name)
    }
    const server = await takeServer(await findPlace(folder.path))
    const { rows } = await server.holder.query('select name from "left".counter')
    await server.holder.end()
    const kept = new Set(rows.map(({ name }) => name))
    expect([...acknowledged].filter((name) => !kept.has(name))).toEqual([])
    expect(acknowledged.size).toBeGreaterThanOrEqual(800)
  })

  it('is begun again where the first start was killed in the middle', async () => {
    await using folder = await DataFolder.make()
    const first = new Program(folder.path)
    await until('the files are being made', () => existsSync(folder.path) && readdirSync(folder.path).length > 0)
    first.kill('SIGKILL')
    await first.ended()
    const second = new Program(folder.path)
    await second.ready()
    second.kill('SIGTERM')
    expect(await second.ended()).toBe(0)
  })

  it('is still there when a Ctrl-C has reached everything in the terminal, until its process has closed', async () => {
    await using folder = await DataFolder.make()
    const program = new Program(folder.path, { mode: 'write', session: true })
    await program.ready()
    await program.line('written', 20)
    process.kill(-program.pid, 'SIGINT')
    expect(await program.ended()).toBe(0)
    expect(program.all('refused')).toEqual([])
    expect(program.all('closed')).toEqual([{ rows: program.all('written').length }])
    expect(folder.processes()).toEqual([])
  })

  it('minds nothing of what the environment says to PostgreSQL', async () => {
    await using folder = await DataFolder.make()
    const env = {
      PGPORT: '1',
      PGSSLMODE: 'require',
      PGUSER: 'nobody',
      PGDATABASE: 'none',
      PGHOST: 'nowhere.invalid',
      PGDATA: '/nowhere',
      LC_ALL: 'xx_XX',
      TZ: 'Nowhere/Land',
    }
    const program = new Program(folder.path, { env })
    await program.ready()
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
  })

  it('serves a folder whose path is too long for a socket', async () => {
    await using folder = await DataFolder.make(`${'a-long-name/'.repeat(12)}data`)
    chmodSync(folder.parent, 0o755)
    const program = new Program(folder.path)
    const { ready } = await program.ready()
    expect(ready.address.startsWith(folder.path)).toBe(false)
    program.kill('SIGTERM')
    expect(await program.ended()).toBe(0)
  })
})
