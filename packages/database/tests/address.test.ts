import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { parseAddress } from '../src/connection.js'
import { makeCertificate } from './support/certificate.js'
import { startProxy, type TcpProxy } from './support/proxy.js'
import { startOn } from './support/start.js'

describe('an address of DATABASE_URL', () => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await startTestDatabase({ services: [] })
  })
  afterEach(() => database.close())

  const socket = () => `${database.admin.host}/.s.PGSQL.${database.admin.port}`
  const secretOf = () => new URL(database.url).password
  const over = (proxy: TcpProxy, rest = '') => ({
    url: `postgres://postgres:${secretOf()}@localhost:${proxy.port}/${database.admin.database}${rest}`,
  })
  const works = async (address: { url: string }, options = {}) => {
    await using started = await startOn(address, options)
    return (await started.service('left').query('select 1 as one')).length === 1
  }

  it('may be a folder of sockets', async () => {
    expect(await works(database)).toBe(true)
  })

  it('may hold every character in user and password, when it is encoded', async () => {
    const user = 'made for "tests": a/b@c?d#e%20é'
    const password = `p:a/s@s?w#o%20r'd\\ "é`
    await database.admin.query(`create role ${pg.escapeIdentifier(user)} login createrole password ${pg.escapeLiteral(password)}`)
    await database.admin.query(`grant all on database ${database.admin.database} to ${pg.escapeIdentifier(user)}`)
    await using proxy = await startProxy(socket())
    const url = `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}/${database.admin.database}`
    expect(await works({ url })).toBe(true)
  })

  describe('with sslmode', () => {
    const certificate = makeCertificate('localhost')
    let folder: string
    let root: string
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'ashlar-certificate-'))
      root = join(folder, 'root.pem')
      await writeFile(root, certificate.cert)
    })
    afterAll(() => rm(folder, { recursive: true }))

    it.each(['', '?sslmode=prefer', '?sslmode=allow', '?sslmode=disable', '?ssl=0'])(
      '%s takes a server that can not encrypt',
      async (rest) => {
        await using proxy = await startProxy(socket())
        expect(await works(over(proxy, rest))).toBe(true)
      },
    )

    it.each(['?sslmode=require', '?sslmode=verify-full', '?ssl=true'])('%s refuses a server that can not encrypt', async (rest) => {
      await using proxy = await startProxy(socket())
      await expect(works(over(proxy, rest))).rejects.toMatchObject({ name: 'DatabaseError' })
    })

    it.each(['', '?sslmode=prefer', '?sslmode=require', '?sslmode=no-verify'])('%s encrypts, whoever signed', async (rest) => {
      await using proxy = await startProxy(socket(), certificate)
      expect(await works(over(proxy, rest))).toBe(true)
      expect(proxy.encrypted).toBeGreaterThanOrEqual(3)
    })

    it.each(['verify-full', 'verify-ca', 'require'])('%s takes a server that a known root has signed', async (mode) => {
      await using proxy = await startProxy(socket(), certificate)
      expect(await works(over(proxy, `?sslmode=${mode}&sslrootcert=${encodeURIComponent(root)}`))).toBe(true)
    })

    it.each(['verify-full', 'verify-ca', 'require'])('%s refuses one that another has signed', async (mode) => {
      await using proxy = await startProxy(socket(), makeCertificate('localhost'))
      await expect(works(over(proxy, `?sslmode=${mode}&sslrootcert=${encodeURIComponent(root)}`))).rejects.toMatchObject({
        name: 'DatabaseError',
      })
    })

    it('verify-full refuses another host, and whom nobody known has signed', async () => {
      await using elsewhere = await startProxy(socket(), makeCertificate('elsewhere.example'))
      await expect(works(over(elsewhere, '?sslmode=verify-full'))).rejects.toMatchObject({ name: 'DatabaseError' })
    })
  })

  it.each([
    ['a word that is no mode', '?sslmode=sometimes'],
    ['a root that is not there', '?sslmode=verify-ca&sslrootcert=/nowhere/root.pem'],
    ['a port that is none', '?port=many'],
  ])('is refused with %s, and the refusal keeps the password', (_, rest) => {
    const parsing = () => parseAddress(`postgres://postgres:hush@localhost/app${rest}`, 'DATABASE_URL')
    expect(parsing).toThrow(expect.objectContaining({ name: 'DatabaseError', message: expect.not.stringContaining('hush') }))
  })

  it.each([
    ['a wrong password', (proxy: TcpProxy) => ({ url: over(proxy).url.replace(/:[^:@]+@/, ':hush@') })],
    ['no such database', (proxy: TcpProxy) => ({ url: over(proxy).url.replace(/[^/]+$/, 'hush') })],
    ['nobody who listens', () => ({ url: 'postgres://postgres:hush@127.0.0.1:1/app' })],
    ['no such host', () => ({ url: 'postgres://postgres:hush@no-such-host.invalid/app' })],
  ])('ends the start with a word about %s', async (_, address) => {
    await using proxy = await startProxy(socket())
    await expect(works(address(proxy))).rejects.toMatchObject({ name: 'DatabaseError' })
  })

  it('is a service’s own where there is one', async () => {
    await using own = await startTestDatabase({ services: [] })
    await using started = await startOn(database, { serviceUrls: { right: own.url } })
    const where = async (service: string) =>
      (await started.service(service).query<{ name: string }>('select current_database() as name'))[0]?.name
    expect(await where('left')).toBe(database.admin.database)
    expect(await where('right')).toBe(own.admin.database)
  })

  describe('of a user who', () => {
    const user = async (rights: string, grant: string) => {
      const name = `made for ${database.admin.database}`
      await database.admin.query(`create role "${name}" login password 'word' ${rights}`)
      if (grant) await database.admin.query(`grant ${grant} on database ${database.admin.database} to "${name}"`)
      return { url: database.url.replace(/\/\/[^@]+@/, `//${encodeURIComponent(name)}:word@`) }
    }

    it('may create roles and schemas needs nothing more', async () => {
      const address = await user('createrole', 'create')
      expect(await works(address)).toBe(true)
      expect(await works(address)).toBe(true)
    })

    it('may not create roles is told of ONE_ROLE, and served with it', async () => {
      const address = await user('', 'create')
      await expect(works(address)).rejects.toMatchObject({ name: 'DatabaseError', message: expect.stringContaining('ONE_ROLE=1') })
      const said: string[] = []
      const log = { info: () => {}, warn: (_: object, words: string) => said.push(words), error: () => {} }
      await using started = await startOn(address, { oneRole: true, log })
      await started.service('left').query(`insert into counter select 'seen', count(*)::int from "right".counter`)
      expect(said.join()).toContain('ONE_ROLE=1')
    })

    it('may not create schemas is told so', async () => {
      await expect(works(await user('createrole', ''))).rejects.toMatchObject({ name: 'DatabaseError' })
    })

    it('ran under one role does not turn to roles without a word', async () => {
      await using _ = await startOn(database, { oneRole: true })
      await expect(works(database)).rejects.toMatchObject({ name: 'DatabaseError' })
    })
  })

  describe('whose server', () => {
    it('is cut off and comes back, is used again at once', async () => {
      await using proxy = await startProxy(socket())
      await using started = await startOn(over(proxy))
      const left = started.service('left')
      await left.transaction((tx) => tx.query(`insert into counter values ('kept', 1)`))
      proxy.cut()
      const answers = await Promise.allSettled([left.query('select 1'), left.query('select 1')])
      for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: '08006' })
      expect(await left.query('select * from counter')).toEqual([{ name: 'kept', value: 1 }])
    })

    it('falls silent, is not waited for longer than five seconds', async () => {
      await using proxy = await startProxy(socket())
      await using started = await startOn(over(proxy))
      const left = started.service('left')
      await left.query('select 1')
      proxy.silence()
      const from = performance.now()
      const asked = await Promise.allSettled([
        left.query('select 1'),
        left.transaction((tx) => tx.query('select 1')),
        left.sqlTransaction((sql) => sql.query('select 1')),
        left.query('select 1'),
      ])
      expect(performance.now() - from).toBeLessThan(6_500)
      for (const each of asked)
        expect(each).toMatchObject({ status: 'rejected', reason: { code: expect.stringMatching(/^(08006|08001|53300)$/) } })
      proxy.speak()
      expect(await left.query('select 1 as one')).toEqual([{ one: 1 }])
    })
  })
})
