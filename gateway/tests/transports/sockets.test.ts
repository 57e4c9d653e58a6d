import { connect } from 'node:net'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Client, type ClientOptions, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { Limits } from '../../src/limits.js'
import { admittedSocket, LISTED, type RunningTransports, rawSocket, startTransports, upgrade } from '../support/running-transports.js'

let running: RunningTransports
const clients: Client[] = []
const start = async (limits: Partial<Limits> = {}) => {
  await running?.close()
  running = await startTransports(limits)
}
beforeEach(() => start())
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose()
  await running.empty()
  await running.close()
})

const clientOf = (options: Partial<ClientOptions> = {}): Client => {
  const client = createClient({ url: running.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, ...options })
  clients.push(client)
  return client
}

/** All answers of an operation; rejects with what it ends with otherwise. */
async function all(client: Client, query: string, variables: Record<string, unknown> = {}): Promise<unknown[]> {
  const answers: unknown[] = []
  for await (const answer of client.iterate({ query, variables })) answers.push(answer)
  return answers
}

const subscribe = (query: string, id = 'a') => ({ type: 'subscribe', id, payload: { query } })
const GREETINGS = 'subscription { greetings(count: 3) { number text } }'
const greeting = (number: number) => ({ data: { greetings: { number, text: `hello ${number} – γειά` } } })

describe('over a socket', () => {
  it('a subscription brings its answers in order, and completes', async () => {
    expect(await all(clientOf(), GREETINGS)).toEqual([1, 2, 3].map(greeting))
  })

  it('a query and a mutation are answered once', async () => {
    const client = clientOf()
    expect(await all(client, '{ hello }')).toEqual([{ data: { hello: 'world' } }])
    const variables = { text: 'ü' }
    expect(await all(client, 'mutation ($text: String!) { shout(text: $text) }', variables)).toEqual([{ data: { shout: 'Ü' } }])
  })

  it('what was refused before anything ran is an error, and the socket goes on', async () => {
    const client = clientOf({ lazy: false })
    for (const query of ['subscription {', 'subscription { nothing }'])
      await expect(all(client, query)).rejects.toEqual([expect.objectContaining({ message: expect.any(String) })])
    expect(await all(client, '{ hello }')).toHaveLength(1)
  })

  it('what ends a subscription comes as its last answer', async () => {
    expect(await all(clientOf(), 'subscription { missing }')).toMatchObject([
      { data: { missing: 'there' } },
      { data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] },
    ])
  })

  it('an id may be anything, and answers of any length arrive', async () => {
    const raw = await admittedSocket(running.socketUrl)
    for (const id of ['a"b\\', 'ключ', '🙂', 'x'.repeat(256)]) {
      raw.send(subscribe('{ hello }', id))
      await until(() => raw.received.some((message) => message.type === 'complete' && message.id === id))
      expect(raw.received.find((message) => message.type === 'next' && message.id === id)?.payload).toEqual({ data: { hello: 'world' } })
    }
    for (const length of [50, 80, 125, 126, 65_400, 65_535, 65_536, 200_000]) {
      const text = 'é'.repeat(length)
      expect(await all(clientOf(), 'mutation ($text: String!) { shout(text: $text) }', { text })).toEqual([
        { data: { shout: text.toUpperCase() } },
      ])
    }
    raw.socket.close()
  })

  it('a ping is answered at any time', async () => {
    const raw = await rawSocket(running.socketUrl)
    raw.send({ type: 'ping', payload: { any: 'thing' } })
    await until(() => raw.received.some(({ type }) => type === 'pong'))
    raw.send({ type: 'pong' })
    raw.send({ type: 'connection_init' })
    await until(() => raw.received.some(({ type }) => type === 'connection_ack'))
    raw.socket.close()
  })

  it('a subscription ends when its client has enough, and its id is free again', async () => {
    const raw = await admittedSocket(running.socketUrl)
    raw.send(subscribe('subscription { news }'))
    await until(() => running.news.listenerCount === 1)
    raw.send({ type: 'complete', id: 'a' })
    await until(() => running.news.listenerCount === 0)
    raw.send(subscribe('{ hello }'))
    await until(() => raw.received.some(({ type }) => type === 'complete'))
    raw.socket.close()
  })

  it('one event reaches all who listen', async () => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => admittedSocket(running.socketUrl)))
    for (const [index, socket] of sockets.entries()) socket.send(subscribe('subscription { news }', `id ${index}`))
    await until(() => running.news.listenerCount === 50)
    running.news.tell('“hello”')
    await until(() => sockets.every(({ received }) => received.length === 2))
    for (const [index, { received, socket }] of sockets.entries()) {
      expect(received[1]).toEqual({ type: 'next', id: `id ${index}`, payload: { data: { news: '“hello”' } } })
      socket.close()
    }
  })
})

describe('a socket is closed', () => {
  it.each([
    ['that speaks before it says who comes', 4401, [subscribe('{ hello }')]],
    ['that says it twice', 4429, [{ type: 'connection_init' }, { type: 'connection_init' }]],
    ['that sends what is no message', 4400, [{ type: 'subscribe' }]],
    ['that sends what a server says', 4400, [{ type: 'connection_ack' }]],
    ['that shows a token which is no text', 4400, [{ type: 'connection_init', payload: { accessToken: 1 } }]],
  ])('%s', async (_, code, messages) => {
    const raw = await rawSocket(running.socketUrl)
    for (const message of messages) raw.send(message)
    expect((await raw.closed).code).toBe(code)
  })

  it.each([
    ['text that is no JSON', '{', 4400],
    ['text that nests without an end', `{"type":"ping","payload":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 4400],
    ['a binary frame', Buffer.from('{"type":"connection_init"}'), 1003],
  ])('that sends %s', async (_, message, code) => {
    const raw = await rawSocket(running.socketUrl)
    raw.socket.send(message)
    const closed = await raw.closed
    expect(closed.code).toBe(code)
    expect(closed.reason).not.toBe('')
  })

  it('that has two operations of one id', async () => {
    const raw = await admittedSocket(running.socketUrl)
    raw.send(subscribe('subscription { news }'))
    raw.send(subscribe('subscription { news }'))
    expect(await raw.closed).toEqual({ code: 4409, reason: 'Subscriber for a already exists' })
  })

  it('that speaks no protocol of ours', async () => {
    expect((await (await rawSocket(running.socketUrl, { protocols: [] })).closed).code).toBe(4406)
  })

  it('that never says who comes', async () => {
    await start({ socketInitMs: 50 })
    expect((await (await rawSocket(running.socketUrl)).closed).code).toBe(4408)
  })

  it('whose client does not answer any more', async () => {
    await start({ keepAliveMs: 100 })
    const raw = await rawSocket(running.socketUrl)
    raw.send({ type: 'connection_init' })
    await until(() => raw.received.length === 1)
    // Nothing of it is read from here on, so that nothing is answered either.
    raw.socket.pause()
    await until(() => running.transports.counts().sockets === 0)
    raw.socket.terminate()
  })

  it('when the gateway stops, so that its client comes back', async () => {
    const raw = await admittedSocket(running.socketUrl)
    raw.send(subscribe('subscription { news }'))
    await until(() => running.news.listenerCount === 1)
    await running.transports.close()
    expect((await raw.closed).code).toBe(1012)
    expect(running.news.listenerCount).toBe(0)
    await start()
  })
})

describe('an upgrade', () => {
  it('of another path is 404, and of another protocol is answered as HTTP', async () => {
    expect((await upgrade(running.port, '/nothing', {})).status).toBe(404)
    const plain = await upgrade(running.port, '/graphql?query={hello}', { upgrade: 'h2c', 'apollo-require-preflight': '1' })
    expect([plain.status, JSON.parse(plain.text)]).toEqual([200, { data: { hello: 'world' } }])
  })

  it('to another protocol is ignored where it comes with a body, which is read', async () => {
    const body = JSON.stringify({ query: `{ hello } # ${'x'.repeat(100_000)}` })
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(running.port, '127.0.0.1')
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.once('error', reject).once('close', () => resolve(text))
      socket.write(
        `POST /graphql HTTP/1.1\r\nHost: localhost:4000\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n` +
          `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      )
      socket.once('data', () => socket.end())
    })
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 200 OK')
    expect(answer).toContain('{"data":{"hello":"world"}}')
  })

  it('from a page of an origin that is not listed is 403, and of a foreign host 421', async () => {
    for (const origin of ['https://evil.example', 'null', `${LISTED}.evil.example`])
      expect((await upgrade(running.port, '/graphql', { origin })).status).toBe(403)
    expect((await upgrade(running.port, '/graphql', { host: 'evil.example' })).status).toBe(421)
    expect((await upgrade(running.port, '/graphql', { origin: LISTED })).status).toBe(101)
    expect((await upgrade(running.port, '/graphql', {})).status).toBe(101)
  })

  it('that is none by the protocol is refused, and holds nothing', async () => {
    expect((await upgrade(running.port, '/graphql', { 'sec-websocket-key': 'x' })).status).toBe(400)
    expect((await upgrade(running.port, '/graphql', { 'sec-websocket-version': '7' })).status).toBe(400)
  })
})
