import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type OpenDeps, openDeps } from '../../src/deps.js'
import { badUserInput } from '../../src/errors.js'
import type { LogEvent } from '../../src/events/event-log.js'
import { eventPage, eventStream, type Feed, type Standing } from '../../src/events/event-pages.js'
import { silentLog } from '../../src/log.js'
import { testConfig } from '../../src/testing/test-subgraph.js'
import { until } from '../../src/testing/until.js'

let database: TestDatabase
let deps: OpenDeps
beforeEach(async () => {
  database = await startTestDatabase({ services: ['things'] })
  deps = openDeps({ db: database.service('things'), config: testConfig(), log: silentLog() })
})
afterEach(async () => {
  await deps.close()
  await database.close()
})

/** Says so many things on a topic. */
const say = (topic: string, count = 1, type = 'said') =>
  deps.db.sqlTransaction(async (sql) => {
    for (let n = 1; n <= count; n += 1) await deps.events.append(sql, { topic, type, data: { n } })
  })

/** A feed that shows the numbers of what was said, and is asked of the database for each look, as a real one is. */
function feedOf(options: Partial<Feed<number>> & { looks?: number[] } = {}): Feed<number> {
  const { looks = [], ...rest } = options
  return {
    topics: null,
    matches: ({ type }) => type === 'said',
    show: async (events) => {
      await deps.db.query('select 1 as one')
      looks.push(events.length)
      return events.map(({ data }) => Number(data.n))
    },
    ...rest,
  }
}

/** Draws from a stream into a list, and says how it ended. */
function draw(feed: Feed<number>, after: string | null = null) {
  const stop = new AbortController()
  const seen: number[] = []
  const ended = (async () => {
    for await (const number of eventStream(deps, feed, { after, signal: stop.signal })) seen.push(number)
  })().then(
    () => 'complete',
    (error: { code?: string }) => error.code,
  )
  return { seen, ended, stop: () => stop.abort() }
}
const oneTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)
const followed = () => until(() => deps.live.followerCount > 0)

describe('a stream of events', () => {
  it('asks for many that were missed in one look, and for each that comes anew', async () => {
    const start = await deps.events.cursor()
    await say('a', 120)
    await deps.events.settle()
    const looks: number[] = []
    const drawing = draw(feedOf({ looks }), start)
    await until(() => drawing.seen.length === 120)
    expect(looks).toEqual([50, 50, 20])
    await followed()
    await say('a')
    await until(() => drawing.seen.length === 121)
    expect(looks.at(-1)).toBe(1)
    drawing.stop()
    expect(await drawing.ended).toBe('complete')
  })

  it('asks anew for what a slow reader takes later', async () => {
    const start = await deps.events.cursor()
    await say('a', 10)
    await deps.events.settle()
    const looks: number[] = []
    const stream = eventStream(deps, feedOf({ looks }), { after: start, signal: new AbortController().signal })
    const seen = [(await stream.next()).value]
    const waitedFrom = performance.now()
    await until(() => performance.now() - waitedFrom > 1_100)
    for (let n = 2; n <= 10; n += 1) seen.push((await stream.next()).value)
    await stream.return()
    expect(seen).toEqual(oneTo(10))
    expect(looks).toEqual([10, 9])
  })

  it('waits for a database that is away, and goes on without a gap', async () => {
    let failures = 0
    const drawing = draw(
      feedOf({
        show: async (events) => {
          failures += 1
          if (failures < 3) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' })
          return events.map(({ data }) => Number(data.n))
        },
      }),
    )
    await followed()
    await say('a', 3)
    await until(() => drawing.seen.length === 3)
    expect([drawing.seen, failures > 2]).toEqual([oneTo(3), true])
    drawing.stop()
  })

  it('says that the service goes away, rather than that it is complete, when the process stops', async () => {
    const drawing = draw(feedOf())
    await followed()
    await deps.live.close()
    expect(await drawing.ended).toBe('SUBGRAPH_UNAVAILABLE')
  })

  it.each([
    ['HIDDEN', 'FORBIDDEN'],
    ['GONE', 'complete'],
  ] as const)('of a thing that becomes %s brings all up to the end of the log, and is then %s', async (lost, end) => {
    let standing: Standing = 'SEEN'
    const start = await deps.events.cursor()
    await say('a', 1_000)
    await deps.events.settle()
    const drawing = draw(feedOf({ topics: ['a'], standing: async () => standing }), start)
    await until(() => drawing.seen.length > 0)
    standing = lost
    expect(await drawing.ended).toBe(end)
    expect(drawing.seen).toEqual(oneTo(1_000))
    expect(await draw(feedOf({ standing: async () => lost })).ended).toBe('NOT_FOUND')
  })

  it('ends with what its caller is refused', async () => {
    const drawing = draw(feedOf({ show: async () => Promise.reject(badUserInput('x', 'y')) }))
    await followed()
    await say('a')
    expect(await drawing.ended).toBe('BAD_USER_INPUT')
  })
})

describe('a page of events', () => {
  const pages = async (feed: Feed<number>, first: number, start: string) => {
    const all = []
    for (let after = start, more = true; more; ) {
      const page = await eventPage(deps, feed, { after, first })
      if (!page) throw new Error('no page')
      all.push(page.nodes)
      after = page.pageInfo.endCursor ?? ''
      more = page.pageInfo.hasNextPage
    }
    return all
  }

  it('looks at five candidates for each that it may have, and no more', async () => {
    const start = await deps.events.cursor()
    await say('a', 23)
    await deps.events.settle()
    const looks: number[] = []
    const hidden = feedOf({
      show: async (events: readonly LogEvent[]) => {
        looks.push(events.length)
        return events.map(() => null)
      },
    })
    expect(await pages(hidden, 2, start)).toEqual([[], [], []])
    expect(looks).toEqual([...Array(10).fill(2), 2, 1])
    expect(await pages(feedOf(), 10, start)).toEqual([oneTo(10), oneTo(20).slice(10), [21, 22, 23]])
  })

  it('is caught up over what is of other topics, and its end goes on behind them', async () => {
    const start = await deps.events.cursor()
    await say('a', 2)
    await say('b', 300)
    await deps.events.settle()
    const page = await eventPage(deps, feedOf({ topics: ['a'] }), { after: start, first: 5 })
    expect(page?.nodes).toEqual([1, 2])
    expect(page?.pageInfo).toMatchObject({ hasNextPage: false, endCursor: await deps.events.cursor() })
    const empty = await eventPage(deps, feedOf({ topics: ['a'] }), { after: null, first: 5 })
    expect(empty).toMatchObject({ nodes: [], pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null } })
  })

  it('is null for what is not there or hidden, and refuses a size that can not be', async () => {
    for (const standing of ['HIDDEN', 'GONE'] as const)
      expect(await eventPage(deps, feedOf({ standing: async () => standing }), { first: 5 })).toBeNull()
    for (const first of [0, 101, 1.5]) await expect(eventPage(deps, feedOf(), { first })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  })
})
