import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { nobody } from '@ashlar/kit/caller'
import { unauthenticated } from '@ashlar/kit/errors'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { isRefusal, type Listener, type Stream, type StreamRequest } from '../src/streams/stream.js'
import { type Heard, hearing, listenerOf, type Newsroom, newsroom } from './support/newsroom.js'
import { IDENTITY, type Running, startGateway } from './support/running-gateway.js'
import { testSubgraph } from './support/subgraphs.js'

const NEWS = 'subscription ($after: String, $desk: String) { news(after: $after, desk: $desk) { title author { name } } }'

let room: Newsroom
let running: Running

const opened: Stream[] = []

beforeAll(async () => {
  room = newsroom()
  running = await startGateway({ subgraphs: [room.news, room.people] })
})
afterEach(async () => {
  for (const stream of opened.splice(0)) stream.stop()
  await until(() => running.gateway.streams.counts.members === 0 && room.following === 0)
  room.reset()
})
afterAll(async () => {
  await running[Symbol.asyncDispose]()
})

const requestOf = (query: string, variables: StreamRequest['variables'] = {}): StreamRequest => ({
  query,
  operationName: null,
  variables,
  extensions: {},
})

async function follow(query: string, variables = {}, listener: Listener = listenerOf()): Promise<Heard & Stream> {
  const heard = hearing()
  const before = room.openings.length
  const stream = await running.gateway.streams.open(requestOf(query, variables), listener, heard.sink)
  if (isRefusal(stream)) throw new Error(`refused: ${JSON.stringify(stream.errors)}`)
  opened.push(stream)
  // Without `after` it begins at some moment: where this client's begins is known once it is followed, by itself or with others.
  await until(
    () => heard.ended !== null || room.openings.length > before || running.gateway.streams.counts.feeds < room.openings.length + 1,
  )
  return Object.assign(heard, { stop: () => stream.stop() })
}

const refusalOf = async (query: string, listener = listenerOf()) => {
  const opened = await running.gateway.streams.open(requestOf(query), listener, hearing().sink)
  if (!isRefusal(opened)) throw new Error('it was not refused')
  return { status: opened.status, codes: opened.errors.map(({ extensions }) => extensions?.code) }
}

const titles = ({ answers }: Heard): unknown[] => answers.map(({ data }) => data?.news?.title ?? data?.mine?.title ?? null)
const codes = ({ answers }: Heard): unknown[] =>
  answers.flatMap(({ errors = [] }) => errors.map((error: { extensions: { code: string } }) => error.extensions.code))
const settled = async () => {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

describe('a subscription', () => {
  it('brings each event with what other services know of it', async () => {
    const heard = await follow(NEWS)
    room.publish()
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(heard.answers).toEqual([
      { data: { news: { title: 'news 1', author: { name: 'person 1' } } } },
      { data: { news: { title: 'news 2', author: { name: 'person 2' } } } },
    ])
  })

  it('has the errors of one event in that event alone', async () => {
    const heard = await follow(NEWS)
    room.people.behave(() => Promise.reject(new Error('away')))
    room.publish()
    await until(() => heard.answers.length === 1)
    room.people.behave(undefined)
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(heard.answers[0]).toMatchObject({
      data: { news: { title: 'news 1', author: { name: null } } },
      errors: [{ path: ['news', 'author', 'name'], extensions: { code: 'SUBGRAPH_UNAVAILABLE' } }],
    })
    expect(heard.answers[1]).toEqual({ data: { news: { title: 'news 2', author: { name: 'person 2' } } } })
  })

  it('completes when its owner says so, and not before', async () => {
    const heard = await follow('subscription { ticks(count: 3) }')
    await until(() => heard.ended !== null)
    expect(heard.ended).toBe('complete')
    expect(heard.answers).toEqual([{ data: { ticks: 1 } }, { data: { ticks: 2 } }, { data: { ticks: 3 } }])
  })

  it('begins behind a cursor with what was missed, and tells the cursor of each event', async () => {
    for (let count = 0; count < 3; count += 1) room.publish()
    const heard = await follow(NEWS, { after: 'c1' })
    await until(() => heard.answers.length === 2)
    expect(titles(heard)).toEqual(['news 2', 'news 3'])
    expect(heard.cursors).toEqual(['c2', 'c3'])
  })

  it('takes up behind the event that a transport has delivered last', async () => {
    for (let count = 0; count < 3; count += 1) room.publish()
    const heard = hearing()
    const stream = await running.gateway.streams.open(
      { ...requestOf(NEWS, { after: 'c1' }), resume: { after: 'c2' } },
      listenerOf(),
      heard.sink,
    )
    if (!isRefusal(stream)) opened.push(stream)
    await until(() => heard.answers.length === 1)
    expect(titles(heard)).toEqual(['news 3'])
  })

  it('is told once of a cursor that leads nowhere, and then completes', async () => {
    const heard = await follow(NEWS, { after: 'stale' })
    await until(() => heard.ended !== null)
    expect(heard.answers).toEqual([{ data: null, errors: [expect.objectContaining({ path: ['news'] })] }])
    expect(codes(heard)).toEqual(['STALE_CURSOR'])
    expect(heard.ended).toBe('complete')
  })

  it('leaves nothing behind when its client goes', async () => {
    const heard = await follow(NEWS)
    expect(room.following).toBe(1)
    heard.stop()
    await until(() => room.following === 0)
    expect(running.gateway.streams.counts).toEqual({ feeds: 0, members: 0 })
    room.publish()
    await settled()
    expect(heard.answers).toEqual([])
    expect(heard.ended).toBeNull()
  })

  it('is refused before anything is asked where it is not valid, has conditions at its root, or a name of ours', async () => {
    expect(await refusalOf('subscription { nothing }')).toEqual({ status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] })
    expect(await refusalOf('subscription ($on: Boolean = true) { ticks @include(if: $on) }')).toEqual({
      status: 400,
      codes: ['GRAPHQL_VALIDATION_FAILED'],
    })
    expect(await refusalOf('subscription { ... @skip(if: false) { ticks } }')).toEqual({
      status: 400,
      codes: ['GRAPHQL_VALIDATION_FAILED'],
    })
    expect(await refusalOf('subscription ($ashlarAfter: String) { news(after: $ashlarAfter) { title } }')).toEqual({
      status: 400,
      codes: ['BAD_USER_INPUT'],
    })
    expect(await refusalOf('subscription {')).toEqual({ status: 400, codes: ['GRAPHQL_PARSE_FAILED'] })
    expect(room.openings).toEqual([])
  })

  it('is refused whole for a credential that is none', async () => {
    expect(await refusalOf(NEWS, listenerOf(null, { refused: unauthenticated() }))).toEqual({ status: 401, codes: ['UNAUTHENTICATED'] })
  })

  it('is known by the hash of its text once it has come with it, and to plain requests as well', async () => {
    const query = 'query Known { headline }'
    const extensions = { persistedQuery: { version: 1, sha256Hash: createHash('sha256').update(query).digest('hex') } }
    const open = (text: string | null, heard = hearing()) =>
      running.gateway.streams.open({ query: text, operationName: null, variables: {}, extensions }, listenerOf(), heard.sink)
    expect(await open(null)).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] })
    expect(await open('query Other { headline }')).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
    expect(await open(null)).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] })
    await open(query)
    const heard = hearing()
    await open(null, heard)
    await until(() => heard.ended !== null)
    expect(heard.answers).toEqual([{ data: { headline: null } }])
    const { json } = await running.send({
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ extensions }),
    })
    expect(json).toEqual({ data: { headline: null } })
  })

  it('is planned with the fragments that it is written in', async () => {
    const heard = await follow(
      'subscription { ...root } fragment root on Subscription { n: news { ...event } } fragment event on NewsEvent { t: title cursor }',
    )
    room.publish()
    await until(() => heard.answers.length === 1)
    expect(heard.answers).toEqual([{ data: { n: { t: 'news 1', cursor: 'c1' } } }])
    expect(heard.cursors).toEqual(['c1'])
  })
})

describe('a query or mutation over a stream', () => {
  it('is answered once, and then complete', async () => {
    const query = await follow('{ headline }')
    await until(() => query.ended !== null)
    expect([query.answers, query.ended]).toEqual([[{ data: { headline: null } }], 'complete'])
    const mutation = await follow('mutation { rename(title: "x") }')
    await until(() => mutation.ended !== null)
    expect([mutation.answers, mutation.ended]).toEqual([[{ data: { rename: 'x' } }], 'complete'])
  })
})

describe('those who follow the same', () => {
  it('share one subscription at its owner, and one execution an event', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => follow(NEWS)))
    room.publish()
    await until(() => all.every(({ answers }) => answers.length === 1))
    expect(room.openings).toHaveLength(1)
    expect(room.people.calls).toHaveLength(1)
    expect(new Set(all.map(({ answers }) => JSON.stringify(answers))).size).toBe(1)
    expect(running.gateway.streams.counts).toEqual({ feeds: 1, members: 50 })
  })

  it('are asked for as nobody, whoever they are', async () => {
    const one = await follow(NEWS, {}, listenerOf(IDENTITY))
    const other = await follow(NEWS)
    room.publish()
    await until(() => one.answers.length === 1 && other.answers.length === 1)
    expect(room.openings.map(({ asking }) => asking.identity)).toEqual([null])
    expect(room.people.calls.map(({ asking }) => asking.identity)).toEqual([null])
  })

  it('share nothing with another person where what is selected depends on who asks', async () => {
    const query = 'subscription { news { title viewerLikes } }'
    const mine = await Promise.all([follow(query, {}, listenerOf(IDENTITY)), follow(query, {}, listenerOf(IDENTITY))])
    const narrow = await follow(query, {}, listenerOf({ ...IDENTITY, scopes: [] }))
    const theirs = await follow(query)
    room.publish()
    await until(() => [...mine, narrow, theirs].every(({ answers }) => answers.length === 1))
    expect(room.openings.map(({ asking }) => asking.identity)).toEqual([IDENTITY, { ...IDENTITY, scopes: [] }, null])
    expect(mine[0]?.answers[0].data.news.viewerLikes).toBe(true)
    expect(theirs.answers[0].data.news.viewerLikes).toBe(false)
  })

  it('share nothing where the schema does not say that they may', async () => {
    await follow('subscription { mine { title } }')
    await follow('subscription { mine { title } }')
    await until(() => room.openings.length === 2)
    expect(running.gateway.streams.counts).toEqual({ feeds: 2, members: 2 })
  })

  it('become one feed once each has caught up, without a gap or a repeat', async () => {
    for (let count = 0; count < 5; count += 1) room.publish()
    const all = [
      await follow(NEWS),
      await follow(NEWS, { after: 'c1' }),
      await follow(NEWS, { after: 'c4' }),
      await follow(NEWS, { after: 'c4' }),
    ]
    await until(() => all[1]?.answers.length === 4 && all[3]?.answers.length === 1)
    for (let count = 0; count < 20; count += 1) room.publish()
    await until(() => all.every((heard) => titles(heard).at(-1) === 'news 25'))
    expect(running.gateway.streams.counts).toEqual({ feeds: 1, members: 4 })
    expect(room.following).toBe(1)
    const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `news ${from + at}`)
    expect(all.map(titles)).toEqual([numbers(6, 25), numbers(2, 25), numbers(5, 25), numbers(5, 25)])
  })

  it('see what everybody may not see by a subscription of their own', async () => {
    const mine = await follow(NEWS, { desk: 'secret' }, listenerOf(IDENTITY))
    const theirs = await follow(NEWS, { desk: 'secret' })
    await until(() => theirs.ended !== null && room.openings.length === 1)
    room.publish()
    await until(() => mine.answers.length === 1)
    expect(titles(mine)).toEqual(['news 1'])
    expect([theirs.answers.length, codes(theirs), theirs.ended]).toEqual([1, ['NOT_FOUND'], 'complete'])
    expect(room.openings.map(({ asking }) => asking.identity)).toEqual([IDENTITY])
  })

  it('do not wait for one who was alone and has stopped reading', async () => {
    const slow = await follow(NEWS)
    slow.hold()
    room.publish()
    await until(() => slow.answers.length === 1)
    room.publish()
    await settled()
    expect(slow.answers).toHaveLength(1)
    const late = await follow(NEWS)
    room.publish()
    await until(() => titles(late).includes('news 3'))
    expect(running.gateway.streams.counts).toEqual({ feeds: 1, members: 2 })
  })

  it('are not answered alike where they have asked for more than they may have', async () => {
    const more = await follow('subscription { news { title notes } }')
    const less = await follow('subscription { news { title } }')
    room.publish()
    await until(() => more.answers.length === 1 && less.answers.length === 1)
    expect(more.answers[0]).toMatchObject({ data: { news: { title: 'news 1', notes: null } }, errors: [{ path: ['news', 'notes'] }] })
    expect(less.answers).toEqual([{ data: { news: { title: 'news 1' } } }])
  })

  it('part from the next event on when one of them may less than before', async () => {
    const query = 'subscription { news { title viewerLikes notes } }'
    let identity = IDENTITY
    const changing = await follow(query, {}, listenerOf(null, { asking: () => ({ ...nobody(), identity }) }))
    const same = await follow(query, {}, listenerOf(IDENTITY))
    room.publish()
    await until(() => changing.answers.length === 1 && same.answers.length === 1)
    expect(running.gateway.streams.counts).toEqual({ feeds: 1, members: 2 })
    identity = { ...IDENTITY, scopes: ['own'] }
    room.publish()
    await until(() => changing.answers.length === 2 && same.answers.length === 2)
    expect(running.gateway.streams.counts).toEqual({ feeds: 2, members: 2 })
    expect([changing.answers[1].data.news.notes, same.answers[1].data.news.notes]).toEqual([null, 'for the desk'])
  })

  it('do not wait for one of them that is slow', async () => {
    const slow = await follow(NEWS)
    const quick = await follow(NEWS)
    slow.hold()
    for (let count = 0; count < 30; count += 1) room.publish()
    await until(() => quick.answers.length === 30)
    expect(slow.answers).toHaveLength(30)
  })
})

describe('a slow client of its own subscription', () => {
  it('is waited for: no more is taken from the log than it has room for', async () => {
    const heard = await follow('subscription { mine { title } }')
    const release = heard.hold()
    for (let count = 0; count < 100; count += 1) room.publish()
    await until(() => heard.answers.length === 1)
    await settled()
    expect(room.taken).toBeLessThan(5)
    release()
    await until(() => heard.answers.length === 100)
    expect(titles(heard)).toEqual(Array.from({ length: 100 }, (_, at) => `news ${at + 1}`))
  })
})

describe('an owner that breaks', () => {
  it('is followed again behind the last event, without a gap or a repeat, and nothing is said to be complete', async () => {
    const heard = await follow(NEWS)
    for (let round = 0; round < 3; round += 1) {
      room.publish()
      const count = heard.answers.length
      await until(() => heard.answers.length > count || titles(heard).length > 2 * round)
      room.cut()
      room.publish()
      await until(() => titles(heard).at(-1) === `news ${2 * round + 2}`)
    }
    expect(titles(heard)).toEqual(['news 1', 'news 2', 'news 3', 'news 4', 'news 5', 'news 6'])
    expect(room.openings.map(({ after }) => after)).toEqual([null, 'c1', 'c3', 'c5'])
    expect(heard.ended).toBeNull()
  })

  it('is followed elsewhere when it says that it stops', async () => {
    const heard = await follow(NEWS)
    room.publish()
    await until(() => heard.answers.length === 1)
    room.goAway()
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(codes(heard)).toEqual([])
    expect(room.openings.map(({ after }) => after)).toEqual([null, 'c1'])
  })

  it('is said to be away where it never began', async () => {
    room.news.behave(() => Promise.reject(new Error('away')))
    const heard = hearing()
    await running.gateway.streams.open(requestOf(NEWS), listenerOf(), heard.sink)
    await until(() => heard.ended !== null)
    expect([heard.answers.length, codes(heard), heard.ended]).toEqual([1, ['SUBGRAPH_UNAVAILABLE'], 'complete'])
    room.news.behave(undefined)
  })
})

describe('permission', () => {
  it('is asked again for each event: a session that has ended gets none of what came after', async () => {
    let ended = false
    const asking = listenerOf(IDENTITY).asking
    const listener = listenerOf(IDENTITY, {
      asking() {
        if (ended) throw unauthenticated()
        return asking()
      },
    })
    const heard = await follow('subscription { mine { title } }', {}, listener)
    room.publish()
    await until(() => heard.answers.length === 1)
    ended = true
    room.publish()
    await until(() => heard.ended !== null)
    expect(titles(heard)).toEqual(['news 1', null])
    expect([codes(heard), heard.ended]).toEqual([['UNAUTHENTICATED'], 'complete'])
    await until(() => room.following === 0)
  })

  it('is asked of the schema: what nobody may have is told in one answer, and nothing is asked', async () => {
    const heard = await follow('subscription { own { title } }')
    await until(() => heard.ended !== null)
    expect(heard.answers).toEqual([{ data: null, errors: [expect.objectContaining({ path: ['own'] })] }])
    expect([codes(heard), heard.ended]).toEqual([['UNAUTHENTICATED'], 'complete'])
    expect(room.openings).toEqual([])
  })

  it('costs the fields that need more, and follows what it may have', async () => {
    const query = 'subscription { own { title notes } }'
    const narrow = await follow(query, {}, listenerOf({ ...IDENTITY, scopes: ['own'] }))
    const whole = await follow(query, {}, listenerOf(IDENTITY))
    room.publish()
    await until(() => narrow.answers.length === 1 && whole.answers.length === 1)
    expect(whole.answers).toEqual([{ data: { own: { title: 'news 1', notes: 'for the desk' } } }])
    expect(narrow.answers[0]).toMatchObject({
      data: { own: { title: 'news 1', notes: null } },
      errors: [{ path: ['own', 'notes'], extensions: { code: 'FORBIDDEN' } }],
    })
  })

  it('is cut with the credential, from the next event on and without a gap', async () => {
    let identity = IDENTITY
    const heard = await follow('subscription { own { title notes } }', {}, listenerOf(null, { asking: () => ({ ...nobody(), identity }) }))
    room.publish()
    await until(() => heard.answers.length === 1)
    identity = { ...IDENTITY, scopes: ['own'] }
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(heard.answers.map(({ data }) => data.own)).toEqual([
      { title: 'news 1', notes: 'for the desk' },
      { title: 'news 2', notes: null },
    ])
    expect(codes(heard)).toEqual(['FORBIDDEN'])
  })

  it('holds events back while it is not known who has ended', async () => {
    let known = () => {}
    let held: Promise<void> | null = new Promise<void>((resolve) => {
      known = resolve
    })
    const heard = await follow('subscription { mine { title } }', {}, listenerOf(IDENTITY, { held: () => held }))
    room.publish()
    await settled()
    expect(heard.answers).toEqual([])
    held = null
    known()
    await until(() => heard.answers.length === 1)
  })
})

describe('another version of the graph', () => {
  const withMore = () =>
    testSubgraph({
      name: 'more',
      sdl: 'type Query { more: Int } type Person @key(fields: "id") { id: ID! age: Int }',
      resolvers: { Person: { __resolveReference: (person: object) => person, age: () => 7 } },
    })

  it('keeps what is subscribed to running, without a gap', async () => {
    const heard = await follow(NEWS)
    room.publish()
    await until(() => heard.answers.length === 1)
    await running.gateway.update([room.news, room.people, withMore()])
    room.publish()
    await until(() => heard.answers.length === 2)
    expect(titles(heard)).toEqual(['news 1', 'news 2'])
    expect(room.openings).toHaveLength(1)
    const other = await follow('subscription { news { author { age } } }')
    room.publish()
    await until(() => other.answers.length === 1)
    expect(other.answers).toEqual([{ data: { news: { author: { age: 7 } } } }])
  })

  it('asks for each of those who share it what they may', async () => {
    const guarded = newsroom('@authenticated')
    const mine = await follow(NEWS, {}, listenerOf(IDENTITY))
    const theirs = await follow(NEWS)
    await running.gateway.update([{ ...room.news, sdl: guarded.news.sdl }, room.people])
    expect([codes(theirs), theirs.ended]).toEqual([['UNAUTHENTICATED'], 'complete'])
    await until(() => room.openings.some(({ asking }) => asking.identity?.userId === IDENTITY.userId))
    room.publish()
    await until(() => mine.answers.length === 1)
    expect(titles(mine)).toEqual(['news 1'])
    mine.stop()
    await running.gateway.update([room.news, room.people])
  })

  it('ends what it has no fields for, and says why', async () => {
    await running.gateway.update([room.news, room.people, withMore()])
    const heard = await follow('subscription { news { author { age } } }')
    const other = await follow(NEWS)
    await running.gateway.update([room.news, room.people])
    expect([codes(heard), heard.ended]).toEqual([['GRAPHQL_VALIDATION_FAILED'], 'complete'])
    room.publish()
    await until(() => other.answers.length === 1)
  })
})

it('sends everybody away to come back when the gateway closes', async () => {
  const heard = await follow(NEWS)
  await running.gateway.close()
  expect(heard.ended).toBe('come back')
  await until(() => room.following === 0)
})
