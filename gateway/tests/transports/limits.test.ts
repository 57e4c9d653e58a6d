import { connect } from 'node:net'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Limits } from '../../src/limits.js'
import { admittedSocket, type RunningTransports, rawSocket, startTransports, upgrade } from '../support/running-transports.js'

let running: RunningTransports
const start = async (limits: Partial<Limits> = {}) => {
  running = await startTransports(limits)
}
afterEach(async () => {
  await running.empty()
  await running.close()
})

const subscribe = (query: string, id = 'a') => ({ type: 'subscribe', id, payload: { query } })
const streamBy = (headers: Record<string, string> = {}) =>
  fetch(`${running.url}?query=${encodeURIComponent('subscription { news }')}`, { headers: { accept: 'text/event-stream', ...headers } })

describe('sockets and streams are bounded', () => {
  it('in all', async () => {
    await start({ connections: 2 })
    const [first, second] = [await admittedSocket(running.socketUrl), await streamBy()]
    const refused = await upgrade(running.port, '/graphql', {})
    expect([refused.status, JSON.parse(refused.text).errors[0].extensions.code]).toEqual([503, 'SUBGRAPH_UNAVAILABLE'])
    expect((await streamBy()).status).toBe(503)
    first.socket.close()
    await second.body?.cancel()
    await running.empty()
    expect((await upgrade(running.port, '/graphql', {})).status).toBe(101)
  })

  it('by address, of which somebody with IPv6 has very many', async () => {
    await start({ connectionsPerAddress: 1 })
    const first = await rawSocket(running.socketUrl, { headers: { 'x-forwarded-for': '2001:db8::1' } })
    expect((await upgrade(running.port, '/graphql', { 'x-forwarded-for': '2001:db8:0:0:1::9' })).status).toBe(429)
    expect((await streamBy({ 'x-forwarded-for': '2001:db8::2' })).status).toBe(429)
    expect((await upgrade(running.port, '/graphql', { 'x-forwarded-for': '2001:db8:0:1::1' })).status).toBe(101)
    expect((await upgrade(running.port, '/graphql', { 'x-forwarded-for': '192.0.2.1' })).status).toBe(101)
    first.socket.close()
  })

  it('by person', async () => {
    await start({ connectionsPerUser: 1 })
    const { token } = running.standings.token()
    const first = await admittedSocket(running.socketUrl, { accessToken: token })
    const second = await rawSocket(running.socketUrl)
    second.send({ type: 'connection_init', payload: { accessToken: token } })
    expect((await second.closed).code).toBe(1013)
    expect((await streamBy({ authorization: `Bearer ${token}` })).status).toBe(429)
    first.socket.close()
  })

  it('in the operations of one, of which the next is an error of its own', async () => {
    await start({ subscriptionsPerConnection: 2 })
    const raw = await admittedSocket(running.socketUrl)
    for (const id of ['a', 'b', 'c']) raw.send(subscribe('subscription { news }', id))
    await until(() => raw.received.some(({ type }) => type === 'error'))
    expect(raw.received.at(-1)).toMatchObject({ id: 'c', payload: [{ extensions: { code: 'TOO_COMPLEX', limit: 2 } }] })
    running.news.tell('still here')
    await until(() => raw.received.filter(({ type }) => type === 'next').length === 2)
    raw.socket.close()
  })
})

describe('what a client sends is bounded', () => {
  it('in one message', async () => {
    await start({ socketMessageBytes: 1_000 })
    const raw = await admittedSocket(running.socketUrl)
    raw.socket.send('x'.repeat(1_001))
    expect((await raw.closed).code).toBe(1009)
  })

  it('in one message, of which 100 MB are not even read', async () => {
    await start()
    const raw = await admittedSocket(running.socketUrl)
    const before = process.memoryUsage().arrayBuffers
    raw.socket.send(Buffer.alloc(100_000_000, 'x').toString('latin1'))
    expect((await raw.closed).code).not.toBe(1000)
    await running.empty()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(250_000_000)
  })

  it('in its messages in a row: 10,000 subscriptions end with the socket', async () => {
    await start()
    const raw = await admittedSocket(running.socketUrl)
    for (let id = 0; id < 10_000; id += 1) raw.send(subscribe('subscription { news }', String(id)))
    const closed = await raw.closed
    expect([closed.code, closed.reason]).toEqual([1008, 'Too many messages: 100 a second, 1000 at once'])
  })

  it('in how long it may take for a handshake', async () => {
    await start()
    const slow = connect(running.port, '127.0.0.1')
    const gone = new Promise((resolve) => slow.once('close', resolve))
    slow.on('error', () => {})
    slow.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n')
    // What has not said all has no place yet.
    await until(() => running.transports.counts().places === 0)
    slow.destroy()
    await gone
  })
})

describe('who reads too slowly', () => {
  it('is closed, to come back, while another gets everything', async () => {
    await start({ connectionBufferBytes: 100_000 })
    const [slow, quick] = [await admittedSocket(running.socketUrl), await admittedSocket(running.socketUrl)]
    for (const { send } of [slow, quick]) send(subscribe('subscription { news }'))
    await until(() => running.news.listenerCount === 2)
    slow.socket.pause()
    let told = 0
    // What the two kernels hold is no matter of ours.
    await until(() => {
      for (let index = 0; index < 10; index += 1) running.news.tell(`${++told}${'x'.repeat(100_000)}`)
      return running.transports.counts().tooSlow === 1 || told > 2_000
    })
    await until(() => quick.received.filter(({ type }) => type === 'next').length === told)
    slow.socket.resume()
    expect([1006, 1013]).toContain((await slow.closed).code)
    expect(running.transports.counts().tooSlow).toBe(1)
    quick.socket.close()
  })

  it('is not sent more of a stream of their own than they may have', async () => {
    await start({ connectionBufferBytes: 100_000 })
    const raw = await admittedSocket(running.socketUrl)
    raw.socket.pause()
    raw.send(subscribe('subscription { flood(bytes: 50000) }'))
    await until(() => running.streams.openCount === 1)
    const { tooSlow } = running.transports.counts()
    expect(tooSlow).toBe(0)
    raw.socket.terminate()
  })

  it('is closed with many others that together hold more than may wait, though none is over its bound', async () => {
    await start({ connectionBufferBytes: 100_000 })
    const slow = await Promise.all(Array.from({ length: 80 }, () => admittedSocket(running.socketUrl)))
    for (const { socket, send } of slow) {
      socket.pause()
      send(subscribe('subscription { flood(bytes: 90000) }'))
    }
    // Each waits for its client with what it has just been given; only together it is too much.
    await until(() => running.transports.counts().tooSlow > 0)
    await until(() => running.transports.counts().sockets <= 72)
    expect(running.transports.counts().sockets).toBeGreaterThan(50)
    for (const { socket } of slow) socket.terminate()
  })

  it('over HTTP, is cut off', async () => {
    await start({ connectionBufferBytes: 100_000 })
    const response = await streamBy()
    await until(() => running.news.listenerCount === 1)
    let told = 0
    await until(() => {
      for (let index = 0; index < 10; index += 1) running.news.tell(`${++told}${'x'.repeat(100_000)}`)
      return running.transports.counts().tooSlow === 1 || told > 2_000
    })
    expect(running.transports.counts().tooSlow).toBe(1)
    await response.body?.cancel().catch(() => {})
  })
})

describe('a client that goes away', () => {
  it.each([
    ['before it says anything', []],
    ['while it is being admitted', [{ type: 'connection_init' }]],
    ['while its operations are opened', [{ type: 'connection_init' }, subscribe('subscription { news }')]],
  ])('%s leaves nothing behind', async (_, messages) => {
    await start()
    for (let index = 0; index < 20; index += 1) {
      const raw = await rawSocket(running.socketUrl)
      for (const message of messages) raw.send(message)
      if (index % 2) raw.socket.terminate()
      else raw.socket.close()
      await raw.closed
    }
  })

  it('in the midst of its streams leaves nothing behind', async () => {
    await start()
    const raw = await admittedSocket(running.socketUrl)
    for (let id = 0; id < 100; id += 1) raw.send(subscribe('subscription { flood(bytes: 1000) }', String(id)))
    await until(() => running.streams.openCount === 100)
    raw.socket.terminate()
    const response = await streamBy()
    await until(() => running.news.listenerCount === 1)
    await response.body?.cancel()
  })
})
