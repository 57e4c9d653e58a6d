import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type Exposition, readExposition } from '@ashlar/kit/testing/exposition'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serviceNames } from '../src/subgraphs.js'
import { signUp, startTestApp, type TestHouse } from './app/test-app.js'
import { startTestHouse, ways } from './app/test-house.js'
import type { TestProcesses } from './app/test-processes.js'

const METRICS_TOKEN = randomBytes(32).toString('base64')
const SECRET_KEY = randomBytes(32).toString('base64')
const SUSPEND = 'mutation ($input: SetUserSuspendedInput!) { setUserSuspended(input: $input) { __typename } }'
const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } tokens { accessToken } } }'

interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** With headers that fetch does not let one set. */
const get = (url: string, headers: Record<string, string> = {}): Promise<Asked> =>
  new Promise((resolve, reject) =>
    request(`${url}/metrics`, { headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (text: string) => (body += text))
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
      .once('error', reject)
      .end(),
  )

const bearing = { authorization: `Bearer ${METRICS_TOKEN}` }
const scrape = async (url: string): Promise<Exposition> => readExposition((await get(url, bearing)).body)

const inMany = (house: TestHouse): house is TestProcesses => 'serviceUrls' in house
const gatewaysOf = (house: TestHouse) => (inMany(house) ? house.urls : [house.url])
const processesOf = (house: TestHouse) => (inMany(house) ? [...house.urls, ...house.serviceUrls.values()] : [house.url])
/** Of the process that a service runs in. */
const processOf = (house: TestHouse, service: string) => (inMany(house) ? (house.serviceUrls.get(service) ?? '') : house.url)

const runbook = readFileSync(fileURLToPath(new URL('../../docs/runbook.md', import.meta.url)), 'utf8')

describe.each(ways)('/metrics of Ashlar in %s', (way) => {
  let house: TestHouse
  beforeAll(async () => {
    house = await startTestHouse(
      { env: { METRICS_TOKEN, SECRET_KEY, OWNER_EMAIL: 'owner@example.com', OWNER_PASSWORD: 'a quarry of ones own' } },
      way,
    )
  }, 60_000)
  afterAll(() => house.close())

  const told = async (service: string, name: string, labels: Record<string, string>, value: number) =>
    until(async () => (await scrape(processOf(house, service))).value(name, { service, ...labels }) === value, 20_000)

  it('is for who bears the token, at every process and under any host name', async () => {
    for (const url of processesOf(house)) {
      expect(await get(url, { ...bearing, host: 'prometheus.example' })).toMatchObject({
        status: 200,
        headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
      })
      for (const authorization of ['', 'Bearer ', `Bearer ${METRICS_TOKEN}=`, `Bearer ${SECRET_KEY}`, `Basic ${METRICS_TOKEN}`])
        expect(await get(url, authorization ? { authorization } : {})).toMatchObject({
          status: 401,
          headers: { 'www-authenticate': 'Bearer' },
        })
    }
  })

  it('is not for whoever is somebody in the graph, be it the owner', async () => {
    const { data } = await house.ask(SIGN_IN, { input: { login: 'owner@example.com', password: 'a quarry of ones own' } })
    for (const url of processesOf(house))
      expect((await get(url, { authorization: `Bearer ${data.signIn.tokens.accessToken}` })).status).toBe(401)
  })

  it('tells of every service, its database, its log and its connections, in the process that it runs in', async () => {
    for (const service of serviceNames()) {
      const { value } = await scrape(processOf(house, service))
      expect(value('ashlar_database_up', { service })).toBe(1)
      expect(Math.abs(value('ashlar_database_clock_offset_seconds', { service }) ?? Number.NaN)).toBeLessThan(2)
      expect(value('ashlar_log_head_position', { service })).toBeGreaterThanOrEqual(0)
      expect(value('ashlar_database_connections_max', { service })).toBeGreaterThanOrEqual(2)
      expect(value('ashlar_database_connections_waiting', { service })).toBe(0)
    }
  })

  it('tells of each process itself and of its disk', async () => {
    for (const url of processesOf(house)) {
      const { value } = await scrape(url)
      expect(value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
      expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
      expect(value('ashlar_disk_free_bytes')).toBeGreaterThan(0)
    }
  })

  it('tells what a consumer has done of what happened elsewhere, and which jobs ran', async () => {
    const ofUsers = { consumer: 'posts.of-users', source: 'users' }
    await signUp(house.url, 'troll')
    const { data } = await house.ask(SIGN_IN, { input: { login: 'owner@example.com', password: 'a quarry of ones own' } })
    const before = (await scrape(processOf(house, 'users'))).value('ashlar_log_head_position', { service: 'users' }) ?? Number.NaN
    const troll = await house.ask(SIGN_IN, { input: { login: 'troll', password: 'a good password of troll' } })
    const input = { userId: troll.data.signIn.viewer.id, suspended: true, reason: 'for being one' }
    expect((await house.ask(SUSPEND, { input }, { token: data.signIn.tokens.accessToken })).errors).toBeUndefined()
    await until(
      async () => ((await scrape(processOf(house, 'users'))).value('ashlar_log_head_position', { service: 'users' }) ?? 0) > before,
    )
    await told('posts', 'ashlar_consumer_lag_events', ofUsers, 0)
    const { value } = await scrape(processOf(house, 'posts'))
    for (const name of [
      'ashlar_consumer_lag_seconds',
      'ashlar_consumer_lost',
      'ashlar_consumer_held_topics',
      'ashlar_consumer_parked_topics',
    ])
      expect(value(name, { service: 'posts', ...ofUsers })).toBe(0)
    await until(async () => {
      const runs = (await scrape(processOf(house, 'users'))).families.get('ashlar_job_duration_seconds')?.samples ?? []
      return runs.some(({ name, labels, value: count }) => name.endsWith('_count') && labels.outcome === 'done' && count > 0)
    })
  })

  it('tells how old is what a gateway knows of what has ended, and how many passwords wait', async () => {
    const service = inMany(house) ? 'gateway' : 'users'
    for (const url of gatewaysOf(house)) {
      const { value } = await scrape(url)
      expect(value('ashlar_revocation_lag_seconds', { service })).toBeLessThan(10)
      expect(value('ashlar_bus_connected', { service: 'gateway' })).toBe(inMany(house) && house.nats ? 1 : undefined)
    }
    const { value } = await scrape(processOf(house, 'users'))
    expect(value('ashlar_revocation_lag_seconds', { service: 'users' })).toBeLessThan(10)
    expect(value('ashlar_password_hashes_waiting', { service: 'users' })).toBe(0)
  })

  it('holds no secret, and nothing that people wrote', async () => {
    const tokens = await signUp(house.url, 'reticent')
    await house.ask('query Reticent { posts(first: 1) { totalCount } }', {}, { token: tokens.accessToken })
    for (const url of processesOf(house)) {
      const { body } = await get(url, bearing)
      for (const word of [
        METRICS_TOKEN,
        SECRET_KEY,
        tokens.accessToken,
        'reticent',
        'example.com',
        'postgres://',
        'nats://',
        house.dataDir,
      ])
        expect([url, body.toLowerCase().includes(word.toLowerCase())]).toEqual([url, false])
    }
  })

  it('has each of its names in the runbook, which has no other', async () => {
    const told = new Set<string>()
    for (const url of processesOf(house))
      for (const name of (await scrape(url)).families.keys()) if (name.startsWith('ashlar_')) told.add(name)
    const written = new Set([...runbook.matchAll(/\bashlar_[a-z_]+\b/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
    expect([...told].filter((name) => !written.has(name))).toEqual([])
    // Some are of processes of their own alone.
    if (inMany(house) && house.nats) expect([...written].filter((name) => !told.has(name))).toEqual([])
  })
})

it('has something to be done for each alert of the runbook, and no more', () => {
  const named = (pattern: RegExp) => [...runbook.matchAll(pattern)].map(([, name]) => name)
  const alerts = named(/^ +- alert: (\w+)$/gm)
  expect(alerts.length).toBeGreaterThan(15)
  expect(named(/^### (Ashlar\w+)$/gm).sort()).toEqual(alerts.sort())
})

describe('without METRICS_TOKEN', () => {
  it('there is no /metrics', async () => {
    await using bare = await startTestApp()
    for (const headers of [{}, bearing, { authorization: 'Bearer ' }]) expect((await get(bare.url, headers)).status).toBe(404)
  }, 60_000)
})
