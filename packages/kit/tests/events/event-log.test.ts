import { setTimeout as delay } from 'node:timers/promises'
import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { type Bus, memoryBus } from '../../src/events/bus.js'
import { EventLog, type LogEvent } from '../../src/events/event-log.js'
import { LiveReader } from '../../src/events/live-reader.js'
import { newEpoch } from '../../src/events/new-epoch.js'
import { silentLog } from '../../src/log.js'
import { until } from '../../src/testing/until.js'

let database: TestDatabase
const open: { close(): Promise<void> }[] = []
const db = () => database.service('things')

/** One process's log and reader. */
function startLog(bus: Bus = memoryBus()) {
  const events = new EventLog(db(), bus, silentLog())
  const reader = new LiveReader(events, silentLog())
  open.push({ close: () => reader.close() }, { close: () => events.close() })
  return { events, reader }
}

beforeEach(async () => {
  database = await startTestDatabase({ services: ['things'], connectionsMax: 40 })
  await database.admin.query(`
    create table things.room (name text primary key, seq bigint not null default 0);
    create table things.other (id int primary key);
    insert into things.room select 'room ' || n from generate_series(0, 11) n;
    grant all on things.room, things.other to public`)
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
  await database.close()
})

/** Takes the room's next number and tells of it, as the last thing in a transaction. Who waits for the room does so without haste. */
const speak = (events: EventLog, room: string, before: () => Promise<unknown> = async () => {}, times = 1) =>
  db().sqlTransaction(
    async (sql) => {
      await before()
      for (let n = 0; n < times; n += 1) {
        const [row] = await sql.query<{ seq: number }>('update room set seq = seq + 1 where name = $1 returning seq::int', [room])
        await events.append(sql, { topic: room, type: 'spoken', data: { seq: row?.seq } })
      }
    },
    { statementTimeoutMs: 60_000 },
  )

/** Follows topics from a cursor into a list, with any number of stops and starts on the way. */
function follow(reader: LiveReader, topics: readonly string[], seen: LogEvent[], after: string | null = null) {
  const stop = new AbortController()
  const done = (async () => {
    for await (const event of reader.follow(topics, seen.at(-1)?.cursor ?? after, stop.signal)) seen.push(event)
  })()
  return {
    async stop() {
      stop.abort()
      await done
    },
  }
}
const seqs = (events: readonly LogEvent[]) => events.map(({ data }) => data.seq)
const oneTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

describe('the event log', () => {
  it('loses, doubles and reorders nothing of 100,000 events by 24 writers, for readers that stop and start', async () => {
    const WRITERS = 24
    const ROOMS = 12
    const EVENTS = 100_000
    const EACH = 25
    const { events, reader } = startLog()
    const second = startLog()
    const start = await events.cursor()
    const rooms = Array.from({ length: ROOMS }, (_, n) => `room ${n}`)
    const whole: LogEvent[] = []
    const whileItRan = follow(reader, rooms, whole, start)
    const restless = rooms.map(() => [] as LogEvent[])
    let writing = true
    const restarting = rooms.map(async (room, index) => {
      const seen = restless[index] as LogEvent[]
      while (writing) {
        const following = follow(index % 2 ? reader : second.reader, [room], seen, start)
        const before = seen.length
        await until(() => seen.length > before + 100 || !writing, 60_000)
        await following.stop()
      }
    })

    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let n = 0; n < EVENTS / WRITERS / EACH; n += 1) {
          const log = writer % 2 ? events : second.events
          // The pause before the commit is what this is about: others commit meanwhile.
          await speak(log, rooms[(writer + n) % ROOMS] ?? '', () => delay(Math.random() * 4), EACH)
        }
      }),
    )
    writing = false
    await Promise.all(restarting)
    const written = await db().query<{ name: string; seq: number }>('select name, seq::int from room')
    const total = written.reduce((sum, { seq }) => sum + seq, 0)
    expect(total).toBeGreaterThanOrEqual(EVENTS - WRITERS * EACH)
    await until(() => whole.length >= total, 60_000)
    await whileItRan.stop()
    expect(whole).toHaveLength(total)
    expect(whole.every((event, index) => index === 0 || event.position > (whole[index - 1] as LogEvent).position)).toBe(true)
    for (const [index, room] of rooms.entries()) {
      const count = written.find(({ name }) => name === room)?.seq ?? 0
      expect(seqs(whole.filter(({ topic }) => topic === room))).toEqual(oneTo(count))
      const seen = restless[index] as LogEvent[]
      const last = follow(reader, [room], seen, start)
      await until(() => seen.length >= count, 60_000)
      await last.stop()
      expect(seqs(seen)).toEqual(oneTo(count))
    }
  }, 180_000)

  it('holds no reader back for a transaction that idles', async () => {
    const { events, reader } = startLog()
    const idle = await db().pool.connect()
    await idle.query('begin')
    await idle.query('insert into other values (1)')
    await idle.query(`insert into event (topic, type) values ('room 1', 'never committed')`)
    const seen: LogEvent[] = []
    const following = follow(reader, ['room 0'], seen)
    await until(() => reader.followerCount === 1)
    await speak(events, 'room 0', undefined, 3)
    await until(() => seen.length === 3)
    await idle.query('rollback')
    idle.release()
    await following.stop()
    expect(seqs(seen)).toEqual([1, 2, 3])
  })

  it('tells nothing of a change that was undone', async () => {
    const { events } = startLog()
    const before = await events.place(null)
    await expect(
      db().sqlTransaction(async (sql) => {
        await events.append(sql, { topic: 'room 0', type: 'undone', data: {} })
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    await events.settle()
    expect((await events.read(before, null, 10)).events).toEqual([])
  })

  it('gives a position to what a process left that died after its commit', async () => {
    const { reader } = startLog()
    const seen: LogEvent[] = []
    const following = follow(reader, ['room 0'], seen)
    await until(() => reader.followerCount === 1)
    await db().query(`insert into event (topic, type, data) values ('room 0', 'spoken', '{"seq": 1}')`)
    await until(() => seen.length === 1)
    await following.stop()
  })

  it('reaches those who are live in another process without any hint', async () => {
    const [here, there] = [startLog(), startLog()]
    const seen: LogEvent[] = []
    const following = follow(there.reader, ['room 0'], seen)
    await until(() => there.reader.followerCount === 1)
    await speak(here.events, 'room 0')
    await until(() => seen.length === 1)
    await following.stop()
  })

  it('is read once for all who are live, and lets who is slow read for themselves', async () => {
    const { events, reader } = startLog()
    const many = Array.from({ length: 50 }, () => [] as LogEvent[])
    const followings = many.map((seen) => follow(reader, ['room 0'], seen))
    const slow = reader.follow(['room 0'], null, new AbortController().signal)
    const first = slow.next()
    await until(() => reader.followerCount === 51)
    await speak(events, 'room 0', undefined, 1_000)
    await until(() => many.every((seen) => seen.length === 1_000))
    const slowly = [(await first).value as LogEvent]
    while (slowly.length < 1_000) slowly.push((await slow.next()).value as LogEvent)
    await slow.return()
    expect(seqs(slowly)).toEqual(oneTo(1_000))
    await Promise.all(followings.map((following) => following.stop()))
    expect(reader.followerCount).toBe(0)
  })

  it('is STALE_CURSOR for a cursor that is too old, of another epoch, or was never given', async () => {
    const { events } = startLog()
    await speak(events, 'room 0', undefined, 3)
    await events.settle()
    const cursor = await events.cursor()
    const codeOf = (after: string) =>
      events.place(after).then(
        () => 'fine',
        (error: { code: string }) => error.code,
      )
    expect(await codeOf(cursor)).toBe('fine')
    const { epoch, position } = await events.place(cursor)
    const forged = (text: string) => Buffer.from(text).toString('base64url')
    for (const after of [
      '',
      'x',
      'é',
      'a'.repeat(200),
      forged(`${epoch}.${position + 1}`),
      forged(`${epoch}.-1`),
      forged(`000000000000.${position}`),
      forged(`${epoch}.1e3`),
    ])
      expect([after, await codeOf(after)]).toEqual([after, 'STALE_CURSOR'])
    await db().query('update log_head set floor = 3')
    expect(await codeOf(forged(`${epoch}.2`))).toBe('STALE_CURSOR')
    expect(await codeOf(forged(`${epoch}.3`))).toBe('fine')
  })

  it('ends a stream whose place it no longer reaches, and goes on through a database that is away', async () => {
    const { events, reader } = startLog()
    const seen: LogEvent[] = []
    const following = follow(reader, ['room 0'], seen)
    await until(() => reader.followerCount === 1)
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    await until(async () =>
      speak(events, 'room 0').then(
        () => true,
        () => false,
      ),
    )
    await until(() => seen.length === 1)
    await following.stop()

    const stream = reader.follow(['room 0'], null, new AbortController().signal)
    const next = stream.next()
    await until(() => reader.followerCount === 1)
    await db().query(`update log_head set epoch = 'ffffffffffff'`)
    await speak(events, 'room 0')
    await expect(next).rejects.toMatchObject({ code: 'STALE_CURSOR' })
  })

  it('tells those who are live of a new epoch though nothing else happens, also where it is shorter than it was', async () => {
    const [here, there] = [startLog(), startLog()]
    await speak(here.events, 'room 0', undefined, 3)
    await here.events.settle()
    await there.events.look()
    const streams = [here, there].map(({ reader }) => reader.follow(['room 0'], null, new AbortController().signal).next())
    const noticed = streams.map((stream) => expect(stream).rejects.toMatchObject({ code: 'STALE_CURSOR' }))
    await until(() => here.reader.followerCount === 1 && there.reader.followerCount === 1)
    // As a recovery leaves it that has lost the last commit.
    await db().query('delete from event where position = 3')
    await db().query('update log_head set position = 2')
    await newEpoch(db())
    await Promise.all(noticed)

    const seen: LogEvent[] = []
    const following = follow(there.reader, ['room 0'], seen)
    await until(() => there.reader.followerCount === 1)
    await speak(here.events, 'room 0')
    await until(() => seen.length === 1)
    expect(seen[0]?.position).toBe(3)
    await following.stop()
  })

  it('finds what no hint told of within 10 s, also right after a look, where a bus says that hints come', async () => {
    const there = startLog()
    jest.useFakeTimers({
      doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask', 'Date'],
    })
    try {
      const { events } = startLog({ ...memoryBus(), crossesProcesses: true })
      let moved = 0
      events.onMoved(() => {
        moved += 1
      })
      const seconds = async (count: number) => {
        const before = moved
        for (let n = 0; n < count && moved === before; n += 1) {
          jest.advanceTimersByTime(1_000)
          // A look that has begun comes to its end: it is one statement, and this is another behind it.
          for (let look = 0; look < 5; look += 1) await events.ends()
        }
        return moved - before
      }
      for (let n = 0; n < 3; n += 1) {
        await speak(there.events, 'room 0')
        await there.events.settle()
        expect(await seconds(9)).toBe(1)
      }
    } finally {
      jest.useRealTimers()
    }
  })
})
