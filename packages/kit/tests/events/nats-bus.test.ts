import { startTestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { connect } from '@nats-io/transport-node'
import type { Hint } from '../../src/events/bus.js'
import { EventLog } from '../../src/events/event-log.js'
import { LiveReader } from '../../src/events/live-reader.js'
import { type NatsBus, natsBus } from '../../src/events/nats-bus.js'
import { silentLog } from '../../src/log.js'
import { freePort, hasNats, startNats, type TestNats } from '../../src/testing/nats-server.js'
import { until } from '../../src/testing/until.js'

const open: NatsBus[] = []

function startBus(url: string): NatsBus {
  const bus = natsBus({ url, log: silentLog() })
  open.push(bus)
  return bus
}

/** What a bus hears of a service from now on. */
function heard(bus: NatsBus, service = 'posts'): Hint[] {
  const hints: Hint[] = []
  bus.subscribe(service, (hint) => hints.push(hint))
  return hints
}

afterEach(async () => {
  for (const bus of open.splice(0)) await bus.close()
})

describe('a bus whose server is away', () => {
  it('reaches its own listeners, takes whatever is published, and says that it crosses no processes', async () => {
    const bus = startBus(`nats://ashlar:secret@127.0.0.1:${await freePort()}`)
    const hints = heard(bus)
    for (let head = 1; head <= 1_000; head += 1) bus.publish({ service: 'posts', topics: ['a'], head })
    await until(() => hints.length === 1_000)
    expect(bus.crossesProcesses).toBe(false)
  })
})

const withNats = hasNats ? describe : describe.skip
withNats('a bus over NATS', () => {
  let nats: TestNats
  beforeEach(async () => {
    nats = await startNats()
  })
  afterEach(async () => {
    for (const bus of open.splice(0)) await bus.close()
    await nats[Symbol.asyncDispose]()
  })

  /** Once they are, and have told their listeners so. */
  async function connected(...buses: NatsBus[]) {
    await until(() => buses.every((bus) => bus.connected))
    await Promise.resolve()
  }

  it('carries a hint to another process and to its own listeners, once each', async () => {
    const [one, other] = [startBus(nats.url), startBus(nats.url)]
    const [own, others] = [heard(one), heard(other)]
    await connected(one, other)
    own.length = 0
    others.length = 0
    one.publish({ service: 'posts', topics: ['author:1'], head: 7 })
    one.publish({ service: 'users', topics: [], head: 8 })
    one.publish({ service: 'posts', topics: ['author:2'], head: 9 })
    const sent = [
      { service: 'posts', topics: ['author:1'], head: 7 },
      { service: 'posts', topics: ['author:2'], head: 9 },
    ]
    await until(() => others.length >= 2)
    expect(others).toEqual(sent)
    expect(own).toEqual(sent)
  })

  it('drops the topics of a hint that would be too large, not the hint', async () => {
    const [one, other] = [startBus(nats.url), startBus(nats.url)]
    const hints = heard(other)
    await connected(one, other)
    hints.length = 0
    one.publish({ service: 'posts', topics: Array.from({ length: 10_000 }, (_, n) => `a topic with a number ${n}`), head: 3 })
    await until(() => hints.length > 0)
    expect(hints).toEqual([{ service: 'posts', topics: [], head: 3 }])
  })

  it('finds the server again after it was killed, and has its listeners look at what nobody told them', async () => {
    const [one, other] = [startBus(nats.url), startBus(nats.url)]
    const hints = heard(other)
    await connected(one, other)
    await nats.kill()
    await until(() => !one.connected && !other.connected)
    one.publish({ service: 'posts', topics: [], head: 1 })
    hints.length = 0
    await nats.start()
    await connected(one, other)
    await until(() => hints.length > 0)
    hints.length = 0
    // A hint may be lost while the other side is only just listening again.
    await until(() => {
      one.publish({ service: 'posts', topics: ['a'], head: 2 })
      return hints.some(({ head }) => head === 2)
    })
  })

  it('gets nothing in and nothing out with a wrong password, and goes on', async () => {
    const [stranger, other] = [startBus(nats.urlAs('ashlar', 'guessed')), startBus(nats.url)]
    const strange = heard(stranger)
    const hints = heard(other)
    await connected(other)
    hints.length = 0
    stranger.publish({ service: 'posts', topics: [], head: 66 })
    other.publish({ service: 'posts', topics: [], head: 1 })
    await until(() => hints.length > 0)
    expect(stranger.connected).toBe(false)
    expect(hints).toEqual([{ service: 'posts', topics: [], head: 1 }])
    expect(strange).toEqual([{ service: 'posts', topics: [], head: 66 }])
  })

  it('passes by what is no hint', async () => {
    const bus = startBus(nats.url)
    const hints = heard(bus)
    await connected(bus)
    hints.length = 0
    const { username, password, host } = new URL(nats.url)
    const raw = await connect({ servers: host, user: username, pass: password })
    for (const nonsense of [
      '',
      '{',
      '[]',
      'null',
      '{"service":"posts","topics":"a","head":1}',
      '{"service":"posts","topics":[],"head":-1}',
    ])
      raw.publish('ashlar.hints.posts', nonsense)
    raw.publish('ashlar.hints.posts', JSON.stringify({ service: 'posts', topics: [], head: 5 }))
    await until(() => hints.length > 0)
    await raw.close()
    expect(hints).toEqual([{ service: 'posts', topics: [], head: 5 }])
  })

  it('loses no event to a hint that lies about how far the log has come, nor to one that never arrives', async () => {
    await using database = await startTestDatabase({ services: ['things'] })
    const [one, other] = [startBus(nats.url), startBus(nats.url)]
    await connected(one, other)
    const writing = new EventLog(database.service('things'), one, silentLog())
    const reading = new EventLog(database.service('things'), other, silentLog())
    const reader = new LiveReader(reading, silentLog())
    const stop = new AbortController()
    const seen: unknown[] = []
    const following = (async () => {
      for await (const { data } of reader.follow(['a'], null, stop.signal)) seen.push(data.n)
    })()
    await until(() => reader.followerCount === 1)
    const append = (n: number) =>
      database.service('things').sqlTransaction((sql) => writing.append(sql, { topic: 'a', type: 't', data: { n } }))
    await append(1)
    await until(() => seen.length === 1)
    other.publish({ service: 'things', topics: [], head: Number.MAX_SAFE_INTEGER })
    await nats.kill()
    await until(() => !other.connected)
    await append(2)
    await until(() => seen.length === 2)
    expect(seen).toEqual([1, 2])
    stop.abort()
    await following
    for (const end of [reader, writing, reading]) await end.close()
  })
})
