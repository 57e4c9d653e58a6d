import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { buildSchema, type GraphQLSchema } from 'graphql'
import { WebSocket } from 'ws'
import type { Asking } from '../src/caller.js'
import type { Context } from '../src/context.js'
import { forbidden } from '../src/errors.js'
import { silentLog } from '../src/log.js'
import { subgraphExecution } from '../src/subgraph-execution.js'
import { attachSockets, type SocketLimits } from '../src/subgraph-sockets.js'
import { askingAs, askingAsNobody } from '../src/testing/callers.js'
import { openTestSockets, type TestSockets } from '../src/testing/test-sockets.js'
import { codesOf } from '../src/testing/test-subgraph.js'
import { until } from '../src/testing/until.js'

/** What the schema's streams count: how many there are, and how far the endless one was drawn. */
const counts = { open: 0, drawn: 0 }

async function* numbers(count: number, { signal, callerNow }: Context): AsyncGenerator<{ number: number; userId: string | null }> {
  counts.open += 1
  try {
    for (let number = 1; number <= count && !signal.aborted; number += 1) yield { number, userId: callerNow().userId }
  } finally {
    counts.open -= 1
  }
}

const subscribers: Record<string, (args: never, context: Context) => AsyncGenerator<unknown>> = {
  numbers: ({ count }: { count: number }, context) => numbers(count, context),
  /** Never says anything, and ends with the signal alone. */
  async *silence(_, { signal }) {
    counts.open += 1
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    counts.open -= 1
  },
  async *flood() {
    counts.open += 1
    try {
      for (counts.drawn = 0; ; counts.drawn += 1) yield 'x'.repeat(100_000)
    } finally {
      counts.open -= 1
    }
  },
  async *who(_, { signal, callerNow }) {
    for (; !signal.aborted; await delay(5)) yield callerNow().userId
  },
  async *fails() {
    yield 'x'
    throw forbidden()
  },
}

function countingSchema(): GraphQLSchema {
  const schema = buildSchema(`
    type Query { hello: String }
    type Subscription { numbers(count: Int!): Counted! silence: String flood: String! who: String fails: String }
    type Counted { number: Int! userId: String }`)
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    field.subscribe = (_, args, context) => subscribers[field.name]?.(args as never, context as Context)
    field.resolve = (event) => event
  }
  return schema
}

const schema = countingSchema()
const execution = subgraphExecution({ service: 'counting', schema, services: null, loaders: () => null, log: silentLog() })

let test: TestSockets
const open = async (limits: Partial<SocketLimits> = {}) => {
  test = await openTestSockets({ schema, ...execution }, { limits })
}
afterEach(async () => {
  await test.close()
  expect(counts.open).toBe(0)
})

/** A socket without a client's manners. */
async function rawSocket(...messages: (string | Buffer)[]) {
  const socket = new WebSocket(test.url, 'graphql-transport-ws')
  const received: { type: string; id?: string; payload?: unknown }[] = []
  socket.on('message', (text) => received.push(JSON.parse(String(text))))
  socket.on('error', () => {})
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('open', resolve))
  for (const message of messages) socket.send(message)
  return { socket, received, closed }
}
const proof = (asking: Asking, expiresInMs?: number) => {
  test.proofs.set('raw', { asking, ...(expiresInMs !== undefined && { expiresInMs }) })
  return JSON.stringify({ type: 'connection_init', payload: { proof: 'raw' } })
}
/** The same, once it is admitted. */
async function admitted(asking: Asking, expiresInMs?: number) {
  const raw = await rawSocket(proof(asking, expiresInMs))
  await until(() => raw.received.some(({ type }) => type === 'connection_ack'))
  return raw
}
const subscribe = (query: string, id = 'a') => JSON.stringify({ type: 'subscribe', id, payload: { query } })

describe('a subscription over a socket', () => {
  it('brings its answers in order, as whoever proved who they are, and completes', async () => {
    await open()
    const asking = askingAs()
    const following = test.follow('subscription { numbers(count: 100) { number userId } }', {}, asking)
    await following.done
    const userId = asking.identity?.userId
    expect(following.answers.map(({ data }) => data)).toEqual(
      Array.from({ length: 100 }, (_, index) => ({ numbers: { number: index + 1, userId } })),
    )
  })

  it('ends what it waits for when the client says complete, and when the socket breaks', async () => {
    await open()
    const client = test.client()
    const [first, second] = [test.follow('subscription { silence }', {}, client), test.follow('subscription { silence }', {}, client)]
    await until(() => counts.open === 2)
    expect(test.sockets.subscriptionCount).toBe(2)
    await first.stop()
    await until(() => counts.open === 1)
    expect(test.sockets.subscriptionCount).toBe(1)
    client.terminate()
    await expect(second.done).rejects.toBeDefined()
    await until(() => counts.open === 0 && test.sockets.count === 0)
    expect(test.sockets.subscriptionCount).toBe(0)
    expect(test.sockets.tooSlowCount).toBe(0)
  })

  it('gets the error that ends it as one answer, and then completes', async () => {
    await open()
    const following = test.follow('subscription { fails }')
    await following.done
    expect(following.answers.map((answer) => [answer.data, codesOf(answer)])).toEqual([
      [{ fails: 'x' }, []],
      [null, ['FORBIDDEN']],
    ])
  })

  it('is refused before anything runs for what is no valid subscription', async () => {
    await open()
    for (const query of [
      'subscription { nothing }',
      'subscription {',
      '{ hello }',
      'subscription { silence numbers(count: 1) { number } }',
    ])
      await expect(test.follow(query).done).rejects.toEqual([expect.objectContaining({ message: expect.any(String) })])
  })
})

describe('who asks', () => {
  it('is closed with 4403 without a proof, and may come back', async () => {
    await open()
    const stranger = test.client(askingAsNobody(), { connectionParams: { proof: 'made up' } })
    await expect(test.follow('subscription { who }', {}, stranger).done).rejects.toMatchObject({ code: 4403 })
  })

  it('is whoever the latest ping proved, without a break', async () => {
    await open()
    const userId = '0193a1b2-0000-7000-8000-000000000001'
    const { socket, received } = await admitted(askingAs({ userId }))
    socket.send(subscribe('subscription { who }'))
    await until(() => received.some(({ type }) => type === 'next'))
    test.proofs.set('less', { asking: askingAs({ userId, scopes: [] }) })
    socket.send(JSON.stringify({ type: 'ping', payload: { proof: 'less' } }))
    await until(() => JSON.stringify(received.at(-1)?.payload) === '{"data":{"who":null}}')
    socket.close()
  })

  it('is closed with 4403 for another person, and once the proof has expired', async () => {
    await open()
    const changed = await admitted(askingAs())
    test.proofs.set('other', { asking: askingAs() })
    changed.socket.send(JSON.stringify({ type: 'ping', payload: { proof: 'other' } }))
    expect(await changed.closed).toBe(4403)
    const expiring = await admitted(askingAs(), 50)
    expiring.socket.send(subscribe('subscription { silence }'))
    expect(await expiring.closed).toBe(4403)
    await until(() => counts.open === 0)
  })

  it('has to say so in time, and before anything else', async () => {
    await open({ initTimeoutMs: 50 })
    expect(await (await rawSocket()).closed).toBe(4408)
    expect(await (await rawSocket(subscribe('subscription { who }'))).closed).toBe(4401)
  })
})

describe('a socket is bounded', () => {
  it('in the length of its messages, and takes text alone', async () => {
    await open({ messageBytesMax: 1_000 })
    expect(await (await rawSocket(proof(askingAs()), 'x'.repeat(1_001))).closed).toBe(1009)
    expect(await (await rawSocket(Buffer.from('{}'))).closed).toBe(1003)
    expect(await (await rawSocket('{')).closed).toBe(4400)
  })

  it('in its subscriptions', async () => {
    await open({ subscriptionsMax: 2 })
    const client = test.client()
    const followings = [1, 2].map(() => test.follow('subscription { silence }', {}, client))
    await until(() => counts.open === 2)
    await expect(test.follow('subscription { silence }', {}, client).done).rejects.toEqual([
      expect.objectContaining({ extensions: { code: 'TOO_COMPLEX', limit: 2 } }),
    ])
    await Promise.all(followings.map((following) => following.stop()))
  })

  it('in their number', async () => {
    await open({ socketsMax: 1 })
    const first = await rawSocket(proof(askingAs()))
    const second = new WebSocket(test.url, 'graphql-transport-ws')
    const status = await new Promise((resolve) => second.once('unexpected-response', (_, response) => resolve(response.statusCode)))
    expect(status).toBe(503)
    second.on('error', () => {})
    second.terminate()
    first.socket.close()
    await first.closed
  })

  it('in what waits for a client that does not read: the source is not drawn on, and in the end the socket is gone', async () => {
    await open({ keepAliveMs: 300 })
    const { socket, received, closed } = await admitted(askingAs())
    socket.send(subscribe('subscription { flood }'))
    await until(() => received.length > 3)
    socket.pause()
    let drawn = -1
    await until(async () => {
      const before = drawn
      drawn = counts.drawn
      await delay(50)
      return before === counts.drawn
    })
    // What the kernel takes on both sides, in answers of 100 kB.
    expect(counts.drawn).toBeLessThan(500)
    await until(() => counts.open === 0 && test.sockets.count === 0)
    socket.resume()
    expect(await closed).toBe(1006)
  })

  it('in what it is answered beside its subscriptions: with 1013, and may come back', async () => {
    await open({ bufferedBytesMax: 100_000 })
    const { socket, closed } = await admitted(askingAs())
    socket.pause()
    // Each ping's pong bears its payload back, and the proof in it is not looked at twice.
    const ping = JSON.stringify({ type: 'ping', payload: { proof: 'raw', filler: 'x'.repeat(500_000) } })
    const pings = setInterval(() => socket.readyState === socket.OPEN && socket.send(ping), 1)
    await until(() => test.sockets.count === 0)
    expect(test.sockets.tooSlowCount).toBeGreaterThan(0)
    clearInterval(pings)
    socket.resume()
    expect([1006, 1013]).toContain(await closed)
  })
})

describe('an endpoint', () => {
  it('sends everyone away with a code that clients come back after', async () => {
    await open()
    const following = test.follow('subscription { silence }')
    await until(() => counts.open === 1)
    await test.sockets.close()
    await expect(following.done).rejects.toMatchObject({ code: 1001 })
  })

  it('leaves other paths to others, and answers 404 where there are none', async () => {
    await open()
    const server = createServer()
    const sockets = attachSockets({
      server,
      path: '/graphql',
      subgraph: { schema, ...execution },
      authenticate: () => null,
      log: silentLog(),
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/elsewhere`, 'graphql-transport-ws')
    const status = await new Promise((resolve) => socket.once('unexpected-response', (_, response) => resolve(response.statusCode)))
    expect(status).toBe(404)
    socket.on('error', () => {})
    socket.terminate()
    await sockets.close()
    await new Promise((resolve) => server.close(resolve))
  })
})
