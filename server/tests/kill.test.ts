import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Line } from '@ashlar/kit/testing/line'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import pg from 'pg'
import { postgresOf, type SpawnedApp, spawnApp } from './app/spawned-app.js'
import { ask, freePort, signUp } from './app/test-app.js'

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
  it('between the commit and the answer of a refresh leaves the client signed in, a minute later', async () => {
    app = await spawnApp({ dataDir, port })
    const { refreshToken } = await signUp(app.url, 'traveller')
    const query = 'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }'
    // The answer gets as far as this proxy: the refresh was committed, and the client never hears of it.
    await using line = await Line.open({ host: '127.0.0.1', port })
    line.hold({ requests: false })
    const refreshing = ask(line.url, query, { input: { refreshToken } }).catch(() => 'lost')
    await until(() => line.heldBytes > 0)
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
