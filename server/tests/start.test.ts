import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { postgresOf, type SpawnedApp, spawnApp } from './app/spawned-app.js'
import { ask, freePort, signUp, startTestApp } from './app/test-app.js'

const CLAIM =
  'mutation ($input: ClaimOwnershipInput!) { claimOwnership(input: $input) { viewer { user { role } } tokens { accessToken } } }'
const owner = { username: 'owner', email: 'owner@example.com', password: 'the password of the owner' }

let dataDir: string
const apps: SpawnedApp[] = []
const spawned = async (options: Parameters<typeof spawnApp>[0]) => {
  const app = await spawnApp(options)
  apps.push(app)
  return app
}
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
})
afterEach(async () => {
  for (const app of apps.splice(0)) await app.killAll()
  await rm(dataDir, { recursive: true, force: true })
})

describe('a start', () => {
  it('prints where it is and a link that makes its owner, once', async () => {
    const app = await spawned({ dataDir, port: await freePort() })
    expect(app.output()).toContain(`${app.url.replace('127.0.0.1', 'localhost')}/graphql`)
    const token = /#(?:token=)?([\w-]+)\s*$/m.exec(app.output())?.[1]
    const { data, errors } = await ask(app.url, CLAIM, { input: { token, ...owner } })
    expect(errors).toBeUndefined()
    expect(data.claimOwnership.viewer.user.role).toBe('ADMIN')
    const again = await ask(app.url, CLAIM, { input: { token, ...owner, username: 'other', email: 'other@example.com' } })
    expect(again.errors?.[0]?.extensions?.code).toBe('UNAUTHENTICATED')
    expect(await app.stop()).toBe(0)

    const second = await spawned({ dataDir, port: await freePort() })
    expect(second.output()).not.toContain('Make it yours')
    expect(await second.stop()).toBe(0)
    expect(await postgresOf(dataDir)).toEqual([])
  }, 60_000)

  it('stops in order at a signal that comes while it starts', async () => {
    const app = await spawned({ dataDir, port: await freePort(), ready: false })
    await until(() => app.output().includes('Starting PostgreSQL'))
    expect(await app.stop()).toBe(0)
    expect(app.output()).not.toContain('is ready')
    expect(await postgresOf(dataDir)).toEqual([])
  }, 60_000)

  it('says every fault of the environment at once, and touches nothing', async () => {
    const app = await spawned({ dataDir, port: 70_000, env: { LOG_LEVEL: 'loud', SMTP_URL: 'x' }, ready: false })
    await until(() => app.exitCode() !== null)
    expect(app.exitCode()).toBe(1)
    for (const variable of ['PORT', 'LOG_LEVEL', 'SMTP_URL']) expect(app.output()).toContain(`${variable}:`)
    expect(await readdir(dataDir)).toEqual([])
  })

  it('says that its port is in use, and touches nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await until(() => other.listening)
    const { port } = other.address() as { port: number }
    const app = await spawned({ dataDir, port, ready: false })
    await until(() => app.exitCode() !== null)
    other.close()
    expect(app.exitCode()).toBe(1)
    expect(app.output()).toContain(`Port ${port}`)
    expect(await readdir(dataDir)).toEqual([])
  })

  it('says that a data folder is in use by another, which goes on', async () => {
    const first = await spawned({ dataDir, port: await freePort() })
    const second = await spawned({ dataDir, port: await freePort(), ready: false })
    await until(() => second.exitCode() !== null)
    expect(second.exitCode()).toBe(1)
    expect(second.output()).toContain(dataDir)
    expect((await ask(first.url, '{ hello { text } }')).data.hello.text).toBe('Hello, world!')
  }, 60_000)

  it('says that a data folder is no folder', async () => {
    const file = join(dataDir, 'file')
    await writeFile(file, '')
    const app = await spawned({ dataDir: file, port: await freePort(), ready: false })
    await until(() => app.exitCode() !== null)
    expect(app.exitCode()).toBe(1)
    expect(app.output()).toContain(file)
  })

  it('makes the owner unattended, and only where there is none', async () => {
    const env = { OWNER_EMAIL: owner.email, OWNER_PASSWORD: owner.password }
    await using test = await startTestApp({ env })
    const { data } = await test.ask('mutation ($input: SignInInput!) { signIn(input: $input) { viewer { user { role } } } }', {
      input: { login: owner.email, password: owner.password },
    })
    expect(data.signIn.viewer.user.role).toBe('ADMIN')
    expect(test.app.ownerLink).toBeNull()
  }, 60_000)

  it('fills the blocks for DEMO=1 with the same people and posts each time', async () => {
    await using test = await startTestApp({ env: { DEMO: '1' } })
    const query = '{ posts(first: 100) { totalCount nodes { id title html author { id username } publishedAt } } }'
    const first = (await test.ask(query)).data
    expect(first.posts.nodes.length).toBeGreaterThanOrEqual(10)
    for (const name of test.app.services) await test.app.service(name).demo()
    expect((await test.ask(query)).data).toEqual(first)
    await using other = await startTestApp({ env: { DEMO: '1' } })
    expect((await other.ask(query)).data).toEqual(first)
    await signUp(test.url, 'visitor')
  }, 60_000)
})
