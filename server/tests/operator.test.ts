import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPlace } from '@ashlar/database/embedded/place'
import { reachServer } from '@ashlar/database/embedded/running-server'
import { startTestDatabase } from '@ashlar/database/testing'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { FOLLOWER, type Follower, followPosts } from './app/followed-house.js'
import { runAtTerminal, runCommand } from './app/operator-command.js'
import { postgresOf, type SpawnedApp, spawnApp } from './app/spawned-app.js'
import { ask, freePort, startTestApp, type TestApp } from './app/test-app.js'

/** Each look at the list is a process of its own. */
const eventually = (condition: () => boolean | Promise<boolean>) => until(condition, 30_000)
const keyIn = (dataDir: string) => Buffer.from(readFileSync(join(dataDir, 'secret-key'), 'utf8'), 'base64')
const hasTerminal = spawnSync('script', ['--version']).status === 0
if (!hasTerminal) process.stderr.write('What asks whoever sits at a terminal is not tested: there is no script on the PATH.\n')

/** The list as machines get it. */
async function standing(env: Readonly<Record<string, string>>, name = FOLLOWER) {
  const { code, stdout, stderr } = await runCommand('consumers', ['--json'], env)
  if (code !== 0) throw new Error(`the list fails: ${stdout}${stderr}`)
  return JSON.parse(stdout).consumers.find((each: { name: string }) => each.name === name)
}

/** From now on that service's clock() is so much later. */
const SHIFT = (by: string) =>
  `create or replace function helloworld.clock() returns timestamptz language sql stable as $$select now() + interval '${by}'$$`

/** Has what fails fail for more than a day. */
async function park(follower: Follower, env: Readonly<Record<string, string>>, shift: (by: string) => Promise<unknown>, count: number) {
  await eventually(async () => (await standing(env))?.held === count)
  await shift('25 hours')
  await eventually(async () => {
    await follower.consumer.run()
    return (await standing(env)).parked === count
  })
}

/** Both say why they can not, and do nothing. */
async function refused(env: Readonly<Record<string, string>>, ...words: string[]) {
  for (const [name, args] of [
    ['consumers', []],
    ['new-epoch', ['--yes']],
  ] as const) {
    const { code, stdout, stderr } = await runCommand(name, args, env)
    expect([name, code]).toEqual([name, 1])
    for (const word of words) expect(stdout + stderr).toContain(word)
    expect(stderr).not.toMatch(/\n {4}at /)
  }
}

describe('npm run consumers, beside an Ashlar that runs on its data folder', () => {
  let dataDir: string
  let env: { DATA_DIR: string }
  let app: SpawnedApp
  let admin: pg.Client
  const follow = (...poison: string[]) => followPosts({ dataDir, secret: keyIn(dataDir) }, ...poison)

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
    env = { DATA_DIR: dataDir }
    app = await spawnApp({ dataDir, port: await freePort() })
    admin = new pg.Client((await reachServer(await findPlace(dataDir))) ?? {})
    await admin.connect()
  }, 60_000)
  afterEach(() => admin.query(SHIFT('0')))
  afterAll(async () => {
    await admin.end()
    await app.killAll()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('shows where each consumer stands, what it holds back, and since when, and leaves the running one alone', async () => {
    const servers = await postgresOf(dataDir)
    await using follower = await follow('bad 2')
    await follower.tell('bad', 1, 2, 3)
    await follower.tell('good', 1)
    await eventually(() => follower.done.includes('good 1'))
    const found = await standing(env)
    expect(found).toMatchObject({ service: 'helloworld', source: 'posts', lag: 0, lostAt: null, startsOver: false, held: 1, parked: 0 })
    expect(found.topics).toEqual([
      expect.objectContaining({ topic: 'bad', position: 2, parkedAt: null, lastError: expect.stringContaining('poison') }),
    ])
    const { code, stdout } = await runCommand('consumers', [], env)
    expect(code).toBe(0)
    expect(stdout).toMatch(/helloworld\.of-posts +helloworld +posts +4 +0 +holds back 1 topic, 0 of them parked/)
    expect(stdout).toMatch(/posts\.of-users +posts +users/)
    // A terminal only shows what others wrote.
    expect(stdout).not.toContain('\u001b')

    expect(await postgresOf(dataDir)).toEqual(servers)
    expect((await ask(app.url, '{ hello { text } }')).data.hello.text).toBe('Hello, world!')
    follower.poison.clear()
    await eventually(() => follower.done.includes('bad 3'))
  }, 60_000)

  it('has a parked topic tried again, and skips the one event that fails, while all else goes on', async () => {
    await using follower = await follow('red 1', 'blue 1')
    await follower.tell('red', 1, 2)
    await follower.tell('blue', 1, 2)
    await park(follower, env, (by) => admin.query(SHIFT(by)), 2)
    await follower.tell('green', 1)
    await eventually(() => follower.done.includes('green 1'))
    expect(follower.done).not.toContain('red 2')

    follower.poison.delete('red 1')
    const released = await runCommand('consumers', ['release', FOLLOWER, 'red'], env)
    expect(released).toMatchObject({ code: 0, stderr: '' })
    await eventually(() => follower.done.includes('red 2'))

    const { position } = (await standing(env)).topics[0]
    const unasked = await runCommand('consumers', ['skip', FOLLOWER, 'blue'], env)
    expect(unasked.code).toBe(1)
    const other = await runCommand('consumers', ['skip', FOLLOWER, 'blue', '--position', String(position + 1), '--yes'], env)
    expect(other.code).toBe(1)
    expect((await standing(env)).parked).toBe(1)
    const skipped = await runCommand('consumers', ['skip', FOLLOWER, 'blue', '--yes'], env)
    expect(skipped.code).toBe(0)
    expect(skipped.stdout).toContain(`position ${position}`)
    expect(skipped.stdout).toContain('test.told')
    await eventually(() => follower.done.includes('blue 2'))
    expect(follower.done).not.toContain('blue 1')
    await eventually(async () => (await standing(env)).held === 0)
  }, 60_000)

  it('says that there is no such consumer or topic, or that it does not understand', async () => {
    await using _ = await follow()
    await eventually(async () => (await standing(env)) !== undefined)
    for (const args of [
      ['release', 'posts.of-nobody', 'a'],
      ['release', FOLLOWER, 'never told'],
      ['skip', FOLLOWER, 'never told', '--yes'],
      ['release', FOLLOWER],
      ['release', FOLLOWER, 'a', '--all'],
      ['skip', FOLLOWER, '--all'],
      ['release', 'posts.of-nobody', '--all'],
      ['forget', FOLLOWER, 'a'],
      ['skip', FOLLOWER, 'a', '--position', '-1'],
      ['--loudly'],
      ['--service', 'nobody'],
    ]) {
      const { code, stdout, stderr } = await runCommand('consumers', args, env)
      expect([args, code, stdout]).toEqual([args, 1, ''])
      expect(stderr).toMatch(/^\n✗ /)
      expect(stderr).not.toMatch(/\n {4}at /)
    }
  }, 60_000)

  const atTerminal = hasTerminal ? it : it.skip
  atTerminal(
    'asks whoever sits there, and takes nothing but a yes for one',
    async () => {
      await using follower = await follow('asked 1')
      await follower.tell('asked', 1, 2)
      await eventually(async () => (await standing(env))?.held === 1)
      const skip = (typed: string) => runAtTerminal('consumers', ['skip', FOLLOWER, 'asked'], env, typed)
      for (const no of ['\n', 'n\n', 'yesterday\n', '\u0004']) {
        expect([no, (await skip(no)).code]).toEqual([no, 1])
      }
      expect((await skip('\u0003')).code).toBe(130)
      expect(follower.done).not.toContain('asked 2')
      expect((await skip('y\n')).code).toBe(0)
      await eventually(() => follower.done.includes('asked 2'))
    },
    60_000,
  )
})

describe('npm run consumers, where nothing runs', () => {
  it('starts PostgreSQL for its own while, and what it wrote is taken up by the next start', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
    const env = { DATA_DIR: dataDir }
    const app = await spawnApp({ dataDir, port: await freePort() })
    expect(await app.stop()).toBe(0)
    const way = { dataDir, secret: keyIn(dataDir) }
    {
      await using follower = await followPosts(way, 'bad 1')
      const admin = new pg.Client((await reachServer(await findPlace(dataDir))) ?? {})
      await admin.connect()
      await follower.tell('bad', 1, 2)
      await park(follower, env, (by) => admin.query(SHIFT(by)), 1)
      await admin.end()
    }
    expect(await postgresOf(dataDir)).toEqual([])
    expect(await standing(env)).toMatchObject({ held: 1, parked: 1 })
    expect((await runCommand('consumers', ['skip', FOLLOWER, 'bad', '--yes'], env)).code).toBe(0)
    // Nobody has tried since.
    expect((await runCommand('consumers', ['skip', FOLLOWER, 'bad', '--yes'], env)).code).toBe(1)
    expect(await postgresOf(dataDir)).toEqual([])

    await using follower = await followPosts(way, 'bad 1')
    await eventually(() => follower.done.includes('bad 2'))
    expect(follower.done).toEqual(['bad 2'])
    await follower[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  }, 90_000)
})

describe('npm run consumers and new-epoch, on the database of an address', () => {
  let test: TestApp
  let env: Readonly<Record<string, string>>
  beforeAll(async () => {
    test = await startTestApp()
    env = { DATA_DIR: test.dataDir, DATABASE_URL: test.app.config.databaseUrl ?? '' }
  }, 60_000)
  afterAll(() => test.close())
  const follow = (...poison: string[]) =>
    followPosts({ dataDir: test.dataDir, databaseUrl: env.DATABASE_URL ?? '', secret: keyIn(test.dataDir) }, ...poison)

  it('list and release there too, one topic or all of them', async () => {
    await using follower = await follow('bad 1', 'worse 1', 'worst 1')
    for (const topic of ['bad', 'worse', 'worst']) await follower.tell(topic, 1, 2)
    const admin = new pg.Client(env.DATABASE_URL)
    await admin.connect()
    await park(follower, env, (by) => admin.query(SHIFT(by)), 3)
    await admin.end()
    follower.poison.clear()
    expect((await runCommand('consumers', ['release', FOLLOWER, 'bad'], env)).code).toBe(0)
    await eventually(() => follower.done.includes('bad 2'))
    await eventually(async () => (await standing(env)).held === 2)
    expect((await runCommand('consumers', ['release', FOLLOWER, '--all'], env)).stdout).toContain('2 topics')
    await eventually(() => follower.done.includes('worse 2') && follower.done.includes('worst 2'))
  }, 60_000)

  it('begin new epochs, which whoever follows a log notices while they run', async () => {
    await using follower = await follow()
    await follower.tell('a', 1, 2)
    await eventually(() => follower.done.includes('a 2'))
    const before = { follower: await standing(env), posts: await standing(env, 'posts.of-users') }
    expect((await runCommand('new-epoch', [], env)).code).toBe(1)
    expect((await standing(env)).epoch).toBe(before.follower.epoch)

    const next = follower.live.follow(['a'], null, new AbortController().signal).next()
    const noticed = expect(next).rejects.toMatchObject({ code: 'STALE_CURSOR' })
    await eventually(() => follower.live.followerCount === 1)
    const { code, stdout } = await runCommand('new-epoch', ['--yes'], env)
    expect(code).toBe(0)
    for (const name of test.app.services) expect(stdout).toMatch(new RegExp(`✓ ${name}: [0-9a-f]{12} → [0-9a-f]{12}`))
    await noticed
    // The one in the running Ashlar, and the one here.
    for (const [name, old] of [
      ['posts.of-users', before.posts],
      [FOLLOWER, before.follower],
    ] as const)
      await eventually(async () => {
        const now = await standing(env, name)
        return now.epoch !== old.epoch && now.lag === 0 && !now.startsOver
      })
    await follower.tell('a', 3)
    await eventually(() => follower.done.includes('a 3'))
    expect(follower.done.filter((done) => done.startsWith('a '))).toEqual(['a 1', 'a 2', 'a 3'])
  }, 60_000)

  it('leave the logs alone that were not named', async () => {
    const epochOf = (name: string) => standing(env, name).then(({ epoch }) => epoch)
    await using _ = await follow()
    const [users, posts] = [await epochOf('posts.of-users'), await epochOf(FOLLOWER)]
    expect((await runCommand('new-epoch', ['posts', '--yes'], env)).code).toBe(0)
    await eventually(async () => (await epochOf(FOLLOWER)) !== posts)
    expect(await epochOf('posts.of-users')).toBe(users)
    expect((await runCommand('new-epoch', ['posts', 'nobody', '--yes'], env)).code).toBe(1)
  }, 60_000)

  it('say that the logins were made under another key, or that none is known', async () => {
    const { DATABASE_URL = '' } = env
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
    await refused({ DATA_DIR: folder, DATABASE_URL }, 'SECRET_KEY')
    await refused({ DATA_DIR: test.dataDir, DATABASE_URL, SECRET_KEY: Buffer.alloc(32, 'another').toString('base64') }, 'SECRET_KEY')
    await rm(folder, { recursive: true })
  }, 60_000)

  it('tell of the services that can be reached where another can not', async () => {
    const partly = { ...env, USERS_DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/users` }
    const { code, stdout } = await runCommand('consumers', ['--json'], partly)
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      consumers: [{ name: FOLLOWER }, { name: 'posts.of-users', lag: null }],
      unreached: [{ service: 'users' }],
    })
    expect((await runCommand('new-epoch', ['--yes'], partly)).code).toBe(1)
    expect((await runCommand('new-epoch', ['posts', '--yes'], partly)).code).toBe(0)
  }, 60_000)
})

describe('npm run consumers and new-epoch, where they can not go', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('say that there is no such data folder, or none of Ashlar, and make nothing there', async () => {
    await refused({ DATA_DIR: join(folder, 'none') }, join(folder, 'none'))
    await refused({ DATA_DIR: folder }, folder)
    expect(await readdir(folder)).toEqual([])
  }, 60_000)

  it('say that a database is empty, or refuses its user, or is not there', async () => {
    await using database = await startTestDatabase({ services: [] })
    await refused({ DATA_DIR: folder, DATABASE_URL: database.url }, 'helloworld, posts, users', 'start Ashlar on it first')
    const wrong = new URL(database.url)
    wrong.password = 'a wrong one'
    await refused({ DATA_DIR: folder, DATABASE_URL: wrong.href }, 'DATABASE_URL')
    await refused({ DATA_DIR: folder, DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/ashlar` }, 'DATABASE_URL')
    expect(await readdir(folder)).toEqual([])
  }, 60_000)

  it('do without a key where all was made under one role', async () => {
    await using test = await startTestApp({ env: { ONE_ROLE: '1' } })
    const DATABASE_URL = test.app.config.databaseUrl ?? ''
    await refused({ DATA_DIR: folder, DATABASE_URL }, 'ONE_ROLE=1')
    expect((await runCommand('consumers', [], { DATA_DIR: folder, DATABASE_URL, ONE_ROLE: '1' })).code).toBe(0)
  }, 60_000)
})

describe('npm run new-epoch, beside the processes of npm run start:distributed', () => {
  it('reaches the PostgreSQL that their starter holds, and they notice', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
    const env = { DATA_DIR: dataDir }
    const app = await spawnApp({ dataDir, port: await freePort(), main: 'distributed-main' })
    try {
      await eventually(async () => (await standing(env, 'posts.of-users')) !== undefined)
      const { epoch } = await standing(env, 'posts.of-users')
      expect((await runCommand('new-epoch', ['--yes'], env)).code).toBe(0)
      await eventually(async () => {
        const now = await standing(env, 'posts.of-users')
        return now.epoch !== epoch && now.lag === 0
      })
      expect((await ask(app.url, '{ hello { text } }')).data.hello.text).toBe('Hello, world!')
      expect(await app.stop()).toBe(0)
    } finally {
      await app.killAll()
      await rm(dataDir, { recursive: true, force: true })
    }
  }, 90_000)
})
