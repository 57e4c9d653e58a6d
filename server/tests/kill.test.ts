import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { lossyLine } from './app/lossy-line.js'
import { postgresOf, type SpawnedApp, spawnApp } from './app/spawned-app.js'
import { ask, freePort, signUp } from './app/test-app.js'

const ROUNDS = 10
const WRITES_A_ROUND = 100
const WRITES_A_SECOND = 100

let dataDir: string
let port: number
let app: SpawnedApp | undefined

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
  port = await freePort()
})
afterEach(async () => {
  await app?.killAll()
  await rm(dataDir, { recursive: true, force: true })
})

const CREATE = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } } }'

/** Writes at a steady pace until the process is gone; answers the ids of what was acknowledged. */
async function writeUntilKilled(url: string, token: string, round: number, enough: () => void): Promise<string[]> {
  const acknowledged: string[] = []
  const writes: Promise<void>[] = []
  let alive = true
  for (let n = 0; alive; n += 1) {
    writes.push(
      ask(
        url,
        CREATE,
        { input: { title: `Round ${round}, post ${n}`, content: 'Kept.', publish: true, idempotencyKey: `${round}-${n}` } },
        { token },
      )
        .then(({ data }) => {
          const id = data?.createPost?.post.id
          if (id) acknowledged.push(id)
          if (acknowledged.length === WRITES_A_ROUND) enough()
        })
        .catch(() => {
          alive = false
        }),
    )
    // The pace of the writes, which is what this is about; nothing is waited for.
    await delay(1_000 / WRITES_A_SECOND)
  }
  await Promise.all(writes)
  return acknowledged
}

/** Moves the time of the users service in the embedded PostgreSQL. */
async function shiftClock(folder: string, by: string): Promise<void> {
  const password = (await readFile(join(folder, 'postgres/password'), 'utf8')).trim()
  const client = new pg.Client({ host: join(folder, 'postgres'), user: 'postgres', database: 'postgres', password })
  await client.connect()
  await client.query(
    `create or replace function users.clock() returns timestamptz language sql stable as $$ select now() + interval '${by}' $$`,
  )
  await client.end()
}

describe('kill -9', () => {
  it(`of everything under ${WRITES_A_SECOND} writes a second, ${ROUNDS} times, loses no acknowledged write`, async () => {
    const acknowledged: string[] = []
    app = await spawnApp({ dataDir, port })
    let { accessToken, refreshToken } = await signUp(app.url, 'writer')
    for (let round = 0; round < ROUNDS; round += 1) {
      const running: SpawnedApp = app
      let killing: Promise<void> | undefined
      acknowledged.push(
        ...(await writeUntilKilled(running.url, accessToken, round, () => {
          killing = running.killAll()
        })),
      )
      await killing
      app = await spawnApp({ dataDir, port })
      const renewed = await ask(
        app.url,
        'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }',
        {
          input: { refreshToken },
        },
      )
      ;({ accessToken, refreshToken } = renewed.data.refreshSession.tokens)
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(ROUNDS * WRITES_A_ROUND)
    for (let start = 0; start < acknowledged.length; start += 100) {
      const ids = acknowledged.slice(start, start + 100)
      const { data } = await ask(app.url, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })
      expect(data.nodes.map((node: { id: string } | null) => node?.id)).toEqual(ids)
    }
  }, 300_000)

  it('between the commit and the answer of a refresh leaves the client signed in, a minute later', async () => {
    app = await spawnApp({ dataDir, port })
    const { refreshToken } = await signUp(app.url, 'traveller')
    const query = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }'
    // The answer gets as far as this proxy: the refresh was committed, and the client never hears of it.
    await using line = await lossyLine(port)
    const refreshing = ask(line.url, query, { input: { refreshToken } }).catch(() => 'lost')
    await until(() => line.heldBytes() > 0)
    await app.killAll()
    line.cut()
    expect(await refreshing).toBe('lost')

    app = await spawnApp({ dataDir, port })
    await shiftClock(dataDir, '1 minute')
    const again = await ask(app.url, query, { input: { refreshToken } })
    expect(again.errors).toBeUndefined()
    const { accessToken } = again.data.refreshSession.tokens
    const { data } = await ask(app.url, '{ viewer { user { username } } }', {}, { token: accessToken })
    expect(data.viewer.user.username).toBe('traveller')
  }, 60_000)

  it('of the process alone leaves PostgreSQL, which the next start takes over and stops in the end', async () => {
    app = await spawnApp({ dataDir, port })
    await signUp(app.url, 'stayer')
    const [left] = await postgresOf(dataDir)
    await app.kill()
    expect(await postgresOf(dataDir)).toEqual([left])
    app = await spawnApp({ dataDir, port })
    expect(await postgresOf(dataDir)).toEqual([left])
    const { data } = await ask(app.url, '{ userByUsername(username: "stayer") { username } }')
    expect(data.userByUsername).toEqual({ username: 'stayer' })
    expect(await app.stop()).toBe(0)
    await until(async () => (await postgresOf(dataDir)).length === 0)
  }, 60_000)
})
