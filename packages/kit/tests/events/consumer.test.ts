import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { memoryBus } from '../../src/events/bus.js'
import { Consumer, type ConsumerDefinition, type LogSource } from '../../src/events/consumer.js'
import { findHeldTopic, listConsumers, releaseTopic, skipEvent } from '../../src/events/consumer-states.js'
import { EventLog, type LogEvent } from '../../src/events/event-log.js'
import { localSource } from '../../src/events/local-source.js'
import { newEpoch } from '../../src/events/new-epoch.js'
import { silentLog } from '../../src/log.js'
import { until } from '../../src/testing/until.js'

let database: TestDatabase
let events: EventLog
const consumers: Consumer[] = []
const source = () => database.service('owner')
const db = () => database.service('reader')

beforeEach(async () => {
  database = await startTestDatabase({ services: ['owner', 'reader'] })
  await database.admin.query(
    'create table reader.effect (id serial, topic text, n int, unique (topic, n)); grant all on reader.effect, reader.effect_id_seq to public',
  )
  events = new EventLog(source(), memoryBus(), silentLog())
})
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()))
  await events.close()
  await database.close()
})

const tell = (topic: string, ...numbers: number[]) =>
  source().sqlTransaction(async (sql) => {
    for (const n of numbers) await events.append(sql, { topic, type: 'told', data: { n } })
  })

const isPoison = ({ topic, data }: LogEvent, poison: readonly string[]) => poison.includes(`${topic} ${data.n}`)

/** Writes each event down; what `poison` names fails for as long as it stands there. */
function consume(poison: readonly string[] = [], more: Partial<ConsumerDefinition> = {}) {
  const consumer = new Consumer(
    {
      name: 'reader.of-owner',
      source: localSource(events),
      from: 'beginning',
      handle: async (event, sql) => {
        await sql.query('insert into effect (topic, n) values ($1, $2)', [event.topic, event.data.n])
        if (isPoison(event, poison)) throw new Error('poison')
      },
      ...more,
    },
    db(),
    silentLog(),
  )
  consumers.push(consumer)
  consumer.start()
  return consumer
}

const effects = (topic: string) =>
  db()
    .query<{ n: number }>('select n from effect where topic = $1 order by id', [topic])
    .then((rows) => rows.map(({ n }) => n))
const held = () => db().query<{ topic: string; parked: boolean }>('select topic, parked_at is not null as parked from consumer_topic')
const stateOf = async (topic: string) => {
  const state = await findHeldTopic(db(), 'reader.of-owner', topic)
  if (!state) throw new Error(`${topic} is not held back`)
  return state
}
const positionOf = async (topic: string) => (await stateOf(topic)).position
const oneTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

describe('a consumer of a log', () => {
  it('does each event once and in order, though several processes share the work', async () => {
    for (let n = 0; n < 4; n += 1) consume()
    for (let n = 1; n <= 200; n += 1) await tell(`topic ${n % 3}`, n)
    await until(async () => (await db().query('select from effect')).length === 200)
    for (const rest of [0, 1, 2]) expect(await effects(`topic ${rest}`)).toEqual(oneTo(200).filter((n) => n % 3 === rest))
  })

  it('holds back the topic of an event that fails, in order, while the others go on', async () => {
    const poison = ['bad 2']
    const consumer = consume(poison)
    await tell('bad', 1, 2, 3)
    await tell('good', 1, 2, 3)
    await tell('bad', 4)
    await until(async () => (await effects('good')).length === 3)
    expect(await effects('bad')).toEqual([1])
    expect(await held()).toEqual([{ topic: 'bad', parked: false }])
    poison.length = 0
    await database.shiftClock('reader', '1 hour')
    await consumer.run()
    await until(async () => (await effects('bad')).length === 4)
    expect(await effects('bad')).toEqual([1, 2, 3, 4])
    await until(async () => (await held()).length === 0)
    await tell('bad', 5)
    await until(async () => (await effects('bad')).length === 5)
  })

  it('parks a topic that has failed for a day, until it is released, or the event is skipped', async () => {
    const poison = ['bad 1', 'worse 1']
    const consumer = consume(poison)
    await tell('bad', 1, 2)
    await tell('worse', 1, 2)
    await until(async () => (await held()).length === 2)
    for (const hours of [1, 12, 25]) {
      await database.shiftClock('reader', `${hours} hours`)
      await consumer.run()
    }
    await until(async () => (await held()).every(({ parked }) => parked))
    expect(await effects('bad')).toEqual([])

    expect(await skipEvent(db(), consumer.name, 'bad', await positionOf('bad'))).toBe(true)
    await until(async () => (await effects('bad')).length === 1)
    expect(await effects('bad')).toEqual([2])
    poison.length = 0
    expect(await releaseTopic(db(), consumer.name, 'worse')).toBe(await positionOf('worse'))
    await until(async () => (await effects('worse')).length === 2)
    expect(await releaseTopic(db(), consumer.name, 'neither')).toBeNull()
    await until(async () => (await held()).length === 0)
  })

  it('has exactly the event skipped that was seen to fail', async () => {
    const poison = ['bad 1', 'bad 2']
    const consumer = consume(poison)
    await tell('bad', 1)
    await tell('good', 1, 2, 3)
    await tell('bad', 2, 3)
    await until(async () => (await effects('good')).length === 3 && (await held()).length === 1)
    const first = await positionOf('bad')
    poison.shift()
    await database.shiftClock('reader', '1 hour')
    await consumer.run()
    // The second one fails now, further on in the log.
    await until(async () => (await effects('bad')).length === 1 && (await stateOf('bad')).attempts > 0)
    expect(await positionOf('bad')).toBe(first + 4)
    expect(await skipEvent(db(), consumer.name, 'bad', first)).toBe(false)
    expect(await skipEvent(db(), consumer.name, 'bad', first + 4)).toBe(true)
    expect(await skipEvent(db(), consumer.name, 'bad', first + 4)).toBe(false)
    await until(async () => (await held()).length === 0)
    expect(await effects('bad')).toEqual([1, 3])
  })

  it('passes by no event of a topic that is let go at the same moment', async () => {
    const poison = ['odd 1']
    for (let n = 0; n < 3; n += 1) consume(poison)
    await tell('odd', 1)
    await until(async () => (await held()).length === 1)
    poison.length = 0
    await database.shiftClock('reader', '1 hour')
    for (let n = 2; n <= 300; n += 1) await tell('odd', n)
    await until(async () => (await effects('odd')).length === 300)
    expect(await effects('odd')).toEqual(oneTo(300))
  })

  it('starts over in another epoch while it runs, and does nothing twice that is idempotent', async () => {
    const poison = ['bad 1']
    const handle: ConsumerDefinition['handle'] = async (event, sql) => {
      if (isPoison(event, poison)) throw new Error('poison')
      await sql.query('insert into effect (topic, n) values ($1, $2) on conflict do nothing', [event.topic, event.data.n])
    }
    consume([], { handle })
    await tell('a', 1, 2)
    await tell('bad', 1, 2)
    await until(async () => (await effects('a')).length === 2 && (await held()).length === 1)
    await newEpoch(source())
    // What was held back of the log of before is tried from its beginning, like all else.
    poison.length = 0
    await until(async () => (await effects('bad')).length === 2)
    await tell('a', 3)
    await until(async () => (await effects('a')).length === 3)
    expect([await effects('a'), await effects('bad')]).toEqual([
      [1, 2, 3],
      [1, 2],
    ])
    expect(await held()).toEqual([])
  })

  it('is not lost where the epoch changes while it tries again what it holds back', async () => {
    const poison = ['bad 1']
    let meanwhile = async () => {}
    const local = localSource(events)
    const read: LogSource['read'] = async (place, topics, limit) => {
      if (topics) await meanwhile()
      return local.read(place, topics, limit)
    }
    const handle: ConsumerDefinition['handle'] = async (event, sql) => {
      if (isPoison(event, poison)) throw new Error('poison')
      await sql.query('insert into effect (topic, n) values ($1, $2) on conflict do nothing', [event.topic, event.data.n])
    }
    const consumer = consume([], { handle, source: { ...local, read } })
    await tell('bad', 1, 2)
    await until(async () => (await held()).length === 1)
    meanwhile = async () => {
      meanwhile = async () => {}
      poison.length = 0
      await newEpoch(source())
    }
    await database.shiftClock('reader', '1 hour')
    await consumer.run()
    await until(async () => (await effects('bad')).length === 2)
    expect(await effects('bad')).toEqual([1, 2])
    expect(await listConsumers(db())).toMatchObject([{ name: consumer.name, lostAt: null, held: 0 }])
  })

  it('keeps for those who start over what is left of the log, though they had passed it', async () => {
    await tell('a', 1, 2, 3)
    await events.settle()
    await events.passed('reader.of-owner', 3)
    await source().query('delete from event where position = 1')
    await source().query('update log_head set floor = 1')
    const { before, now } = await newEpoch(source())
    expect(now).not.toBe(before)
    expect(now).toMatch(/^[0-9a-f]{12}$/)
    expect(await source().query('select position::int from log_reader')).toEqual([{ position: 1 }])
  })

  it('reads the state of the source where its log no longer reaches back, and goes on from there', async () => {
    let reconciled = 0
    const options: Partial<ConsumerDefinition> = {
      reconcile: async () => {
        reconciled += 1
        await db().query(`insert into effect (topic, n) values ('state', 1)`)
      },
    }
    const first = consume([], options)
    await tell('a', 1)
    await until(async () => (await effects('a')).length === 1)
    await first.stop()
    await tell('a', 2, 3)
    await events.settle()
    await source().query('delete from event where position = 2')
    await source().query('update log_head set floor = 2')
    const second = consume([], options)
    await second.run()
    await until(() => reconciled === 1)
    await tell('a', 4)
    await until(async () => (await effects('a')).includes(4))
    expect(await effects('state')).toEqual([1])
  })

  it('is lost where it can not do that, until the log is of another epoch', async () => {
    const consumer = consume()
    await tell('a', 1, 2)
    await until(async () => (await effects('a')).length === 2)
    await db().query('update consumer set position = 0')
    await source().query('delete from event where position = 1')
    await source().query('update log_head set floor = 1')
    await consumer.run()
    await until(async () => (await listConsumers(db()))[0]?.lostAt instanceof Date)
    await tell('a', 3)
    await consumer.run()
    expect(await effects('a')).toEqual([1, 2])
    await db().query('delete from effect')
    await newEpoch(source())
    await until(async () => (await effects('a')).length === 2)
    expect(await effects('a')).toEqual([2, 3])
    expect(await listConsumers(db())).toMatchObject([{ lostAt: null }])
  })

  it('begins with what happens from now on, if it is to', async () => {
    await tell('a', 1, 2)
    await events.settle()
    const consumer = consume([], { from: 'now' })
    await consumer.run()
    await tell('a', 3)
    await until(async () => (await effects('a')).length === 1)
    expect(await effects('a')).toEqual([3])
  })
})
