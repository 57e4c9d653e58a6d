import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import WebSocket from 'ws'
import { postgresOf, type SpawnedApp, spawnApp } from './app/spawned-app.js'
import { freePort } from './app/test-app.js'
import { startTestProcesses } from './app/test-processes.js'

interface Begun {
  readonly outgoing: ClientRequest
  readonly answer: Promise<{ readonly status: number; readonly connection: string | undefined; readonly json: unknown }>
}

const OPERATION = JSON.stringify({ query: '{ hello { text } userByUsername(username: "nobody") { id } }' })

const SUBSCRIPTION = 'subscription { postEvents { __typename } }'

/** A request of which a part has come. */
function begin(url: string, part = OPERATION.slice(0, 10)): Begun {
  const outgoing = request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': OPERATION.length, connection: 'keep-alive' },
  })
  const answer: Begun['answer'] = new Promise((resolve, reject) => {
    outgoing.once('error', reject).once('response', (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      const { statusCode: status = 0, headers } = incoming
      incoming.once('end', () => resolve({ status, connection: headers.connection, json: JSON.parse(text) }))
    })
  })
  outgoing.write(part)
  return { outgoing, answer }
}

/** Whether nobody new is taken: it does not listen, or says that it is not ready. */
const isClosed = (url: string) =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 503,
    () => true,
  )

describe('Ashlar in one process that is told to stop', () => {
  let dataDir: string
  let app: SpawnedApp
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ashlar-test-'))
    app = await spawnApp({ dataDir, port: await freePort() })
  }, 60_000)
  afterEach(async () => {
    await app.killAll()
    await rm(dataDir, { recursive: true, force: true })
  })

  it('answers what was begun, takes nothing new, says nothing of it in the log, and ends with 0', async () => {
    const { outgoing, answer } = begin(app.url)
    await fetch(`${app.url}/livez`)
    const begun = performance.now()
    const ended = app.stop()
    await until(() => isClosed(app.url))
    outgoing.end(OPERATION.slice(10))
    expect(await answer).toMatchObject({ status: 200, connection: 'close', json: { data: { hello: { text: 'Hello, world!' } } } })
    expect(await ended).toBe(0)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(await postgresOf(dataDir)).toEqual([])
    // Lines of the log are JSON: what it says to people is not.
    expect(
      app
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{')),
    ).toEqual([])
  }, 60_000)

  it('sends whoever is streamed to away to come back, and does not wait for them', async () => {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws')
    const said: unknown[] = []
    socket.on('message', (message) => said.push(JSON.parse(String(message)).type))
    await once(socket, 'open')
    socket.send(JSON.stringify({ type: 'connection_init' }))
    await until(() => said.includes('connection_ack'))
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SUBSCRIPTION } }))
    const stream = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: SUBSCRIPTION }),
    })
    expect(stream.status).toBe(200)
    const closed = once(socket, 'close')
    const begun = performance.now()
    const ended = app.stop()
    const [code] = (await closed) as [number]
    // Going away, or restarting: its clients come back after both.
    expect([1001, 1012]).toContain(code)
    expect(await stream.text().catch(() => '')).not.toContain('"errors"')
    expect(await ended).toBe(0)
    expect(performance.now() - begun).toBeLessThan(8_000)
    expect(
      app
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{')),
    ).toEqual([])
  }, 60_000)
})

describe('a gateway among many processes', () => {
  it('is gone within 10 s of its signal although a service hangs, and says so to who waits', async () => {
    await using house = await startTestProcesses()
    const users = house.process('users').pid ?? 0
    process.kill(users, 'SIGSTOP')
    try {
      const { outgoing, answer } = begin(house.url, OPERATION)
      outgoing.end()
      await fetch(`${house.url}/livez`)
      const begun = performance.now()
      await house.process('gateway 1').stop()
      expect(performance.now() - begun).toBeLessThan(10_000)
      expect(await answer).toMatchObject({
        status: 200,
        json: {
          data: { hello: { text: 'Hello, world!' }, userByUsername: null },
          errors: [{ path: ['userByUsername'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
        },
      })
      expect(house.output()).not.toMatch(/gateway 1.*(was killed|"level":50)/)
    } finally {
      process.kill(users, 'SIGCONT')
    }
  }, 120_000)
})
