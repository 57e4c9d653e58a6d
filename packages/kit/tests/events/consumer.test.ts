import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { memoryBus } from '../../src/events/bus.js'
import { Consumer, type ConsumerDefinition } from '../../src/events/consumer.js'
import { EventLog, type LogEvent } from '../../src/events/event-log.js'
import { localSource } from '../../src/events/local-source.js'
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

    expect(await consumer.release('bad', { skip: true })).toBe(true)
    await until(async () => (await effects('bad')).length === 1)
    expect(await effects('bad')).toEqual([2])
    poison.length = 0
    expect(await consumer.release('worse', { skip: false })).toBe(true)
    await until(async () => (await effects('worse')).length === 2)
    expect(await consumer.release('neither', { skip: false })).toBe(false)
    await until(async () => (await held()).length === 0)
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

  it('starts over in another epoch, and does nothing twice that is idempotent', async () => {
    const handle: ConsumerDefinition['handle'] = async ({ topic, data }, sql) => {
      await sql.query('insert into effect (topic, n) values ($1, $2) on conflict do nothing', [topic, data.n])
    }
    const consumer = consume([], { handle })
    await tell('a', 1, 2)
    await until(async () => (await effects('a')).length === 2)
    await source().query(`update log_head set epoch = 'ffffffffffff'`)
    await tell('a', 3)
    await events.settle()
    await consumer.run()
    await until(async () => (await effects('a')).length === 3)
    expect(await effects('a')).toEqual([1, 2, 3])
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
