import { countStatements } from '@ashlar/database/testing'
import { newEpoch } from '@ashlar/kit/events/new-epoch'
import { encodeId, newId } from '@ashlar/kit/ids'
import { askingAs } from '@ashlar/kit/testing/callers'
import { openTestSockets, type TestSockets } from '@ashlar/kit/testing/test-sockets'
import { codesOf } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { WebSocket } from 'ws'
import { cursorNow, kindsOf, settled, type Told, told, toldSince, watch } from './watching.js'
import { atOnce, change, type PostsTest, startPosts, tell, userIdOf, write } from './writing.js'

/** All but intervals, so that half a minute can pass and everything else goes on. */
const REAL = [
  'setTimeout',
  'clearTimeout',
  'setImmediate',
  'clearImmediate',
  'nextTick',
  'queueMicrotask',
  'Date',
  'performance',
  'hrtime',
] as const

let test: PostsTest
let sockets: TestSockets
const author = askingAs()
beforeAll(async () => {
  test = await startPosts()
  sockets = await openTestSockets(test.subgraph)
})
afterEach(() => until(() => sockets.sockets.count === 0 && followers() === 0))
afterAll(async () => {
  await sockets.close()
  await test.close()
})

const followers = (): number => test.deps.live.followerCount
const update = (postId: string, input: object) => change(test, author, 'updatePost', { postId, ...input })
const unpublish = (postId: string) => change(test, author, 'unpublishPost', { postId })
const remove = (postId: string, asking = author) => tell(test, asking, 'deletePost', { postId }, 'deletedPostId')
const titles = (events: readonly Told[]) => events.map(({ post }) => post?.title)

describe('postEvents', () => {
  it('begins now without a cursor, and with one tells what was missed before it goes on', async () => {
    const start = await cursorNow(test)
    const { id } = await write(test, author, { title: 'Missed' })
    await update(id, { title: 'Missed too' })
    await settled(test)
    const [fresh, replayed] = [watch(sockets), watch(sockets, { after: start })]
    await until(() => followers() === 2 && told(replayed).length === 2)
    await update(id, { title: 'Live' })
    await remove(id)
    await until(() => told(fresh).length === 2 && told(replayed).length === 4)
    expect(kindsOf(told(fresh))).toEqual(['PostChanged', 'PostRemoved'])
    expect(kindsOf(told(replayed))).toEqual(['PostPublished', 'PostChanged', 'PostChanged', 'PostRemoved'])
    expect(
      told(replayed)
        .slice(2)
        .map(({ cursor }) => cursor),
    ).toEqual(told(fresh).map(({ cursor }) => cursor))
    await Promise.all([fresh.stop(), replayed.stop()])
    const again = watch(sockets, { after: told(replayed)[1]?.cursor ?? null })
    await until(() => told(again).length === 2)
    expect(kindsOf(told(again))).toEqual(['PostChanged', 'PostRemoved'])
    await again.stop()
  })

  it('says where it begins, if it is asked to, so that whoever loses it at once misses nothing', async () => {
    const ended = new AbortController()
    const query = 'subscription ($after: String) { postEvents(after: $after) { post { title } } }'
    const follow = async (after: string | null) => {
      const answers = await test.subgraph.subscribe({ query, variables: { after }, startingBy: 'after' }, () => author, ended.signal)
      if (!(Symbol.asyncIterator in answers)) throw new Error('refused')
      return answers
    }
    const lost = await follow(null)
    const begins = await lost.next()
    const { startingCursor } = (begins.value as { extensions?: { startingCursor?: string } }).extensions ?? {}
    expect(begins.value).toEqual({ extensions: { startingCursor: expect.any(String) } })
    await lost.return()
    await write(test, author, { title: 'Meanwhile' })
    const again = await follow(startingCursor ?? null)
    expect(await again.next()).toEqual({ done: false, value: { data: { postEvents: { post: { title: 'Meanwhile' } } } } })
    ended.abort()
    await again.return()
  })

  it('leaves out what is hidden by the time it is told, but for its removal', async () => {
    const start = await cursorNow(test)
    const { id } = await write(test, author, { title: 'Hidden' })
    await unpublish(id)
    const [public_, own] = [watch(sockets, { after: start }), watch(sockets, { after: start, as: author })]
    await until(() => told(public_).length === 1 && told(own).length === 2)
    expect(told(public_)).toMatchObject([{ __typename: 'PostRemoved', postId: id, post: null }])
    expect(told(own).map(({ __typename, post }) => [__typename, post?.status])).toEqual([
      ['PostPublished', 'DRAFT'],
      ['PostRemoved', 'DRAFT'],
    ])
    await Promise.all([public_.stop(), own.stop()])
  })

  it('brings only what its filter says', async () => {
    const other = askingAs()
    const following = [watch(sockets, { filter: { kind: 'news' } }), watch(sockets, { filter: { authorId: userIdOf(other) } })]
    await until(() => followers() === 2)
    await write(test, author, { title: 'Neither' })
    await write(test, author, { title: 'News', kind: 'news' })
    await write(test, other, { title: 'Theirs' })
    await write(test, other, { title: 'Their news', kind: 'news' })
    await until(() => following.every((one) => told(one).length === 2))
    expect(following.map((one) => titles(told(one)))).toEqual([
      ['News', 'Their news'],
      ['Theirs', 'Their news'],
    ])
    await Promise.all(following.map((one) => one.stop()))
  })

  it('is STALE_CURSOR, as one answer and the end, for a cursor that is too old, of another epoch, or was never given', async () => {
    const forged = (text: string) => Buffer.from(text).toString('base64url')
    const start = await cursorNow(test)
    await write(test, author)
    await settled(test)
    await test.database.service('posts').query('update log_head set floor = position')
    for (const after of ['', 'x', forged('000000000000.1'), start]) {
      const following = watch(sockets, { after })
      await following.done
      expect(following.answers.map((answer) => [answer.data, codesOf(answer)])).toEqual([[null, ['STALE_CURSOR']]])
    }
  })
})

describe('postEvents, after a recovery', () => {
  it('is STALE_CURSOR, as one answer and the end, where it runs while the log gets a new epoch', async () => {
    const following = watch(sockets)
    await until(() => followers() === 1)
    await write(test, author)
    await until(() => told(following).length === 1)
    await newEpoch(test.database.service('posts'))
    await following.done
    expect(following.answers.map(codesOf)).toEqual([[], ['STALE_CURSOR']])
    const again = watch(sockets)
    await until(() => followers() === 1)
    await write(test, author)
    await until(() => told(again).length === 1)
    await again.stop()
  })
})

describe('postEvents of one post', () => {
  const ending = async (following: ReturnType<typeof watch>) => {
    await following.done
    return following.answers.map((answer) => answer.data?.postEvents.__typename ?? codesOf(answer)[0])
  }

  it('is NOT_FOUND for what is not there and what is hidden, in the same bytes', async () => {
    const [draft, gone] = [await write(test, author, { publish: false }), await write(test, author)]
    await remove(gone.id)
    const answers = await Promise.all(
      [draft.id, gone.id, encodeId('post', newId())].map(async (postId) => {
        const following = watch(sockets, { filter: { postId } })
        await following.done
        return JSON.stringify(following.answers)
      }),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('"code":"NOT_FOUND"')
    const wrong = watch(sockets, { filter: { postId: userIdOf(author) } })
    expect(await ending(wrong)).toEqual(['BAD_USER_INPUT'])
  })

  it('says that it was removed, and then FORBIDDEN to who may no longer see it', async () => {
    const { id } = await write(test, author)
    const [public_, own] = [watch(sockets, { filter: { postId: id } }), watch(sockets, { filter: { postId: id }, as: author })]
    await until(() => followers() === 2)
    await update(id, { title: 'Changed' })
    await until(() => told(public_).length === 1)
    await unpublish(id)
    expect(await ending(public_)).toEqual(['PostChanged', 'PostRemoved', 'FORBIDDEN'])
    await change(test, author, 'publishPost', { postId: id })
    await until(() => told(own).length === 3)
    expect(kindsOf(told(own))).toEqual(['PostChanged', 'PostRemoved', 'PostPublished'])
    await own.stop()
  })

  it('tells all of it, up to the removal, also to who comes back late', async () => {
    const { id } = await write(test, author)
    const start = await cursorNow(test)
    for (let n = 0; n < 5; n += 1) await update(id, { title: `Change ${n}` })
    // Visible when it is subscribed to, and hidden before the first event is looked at.
    const moderator = askingAs({ role: 'MODERATOR' })
    const following = watch(sockets, { filter: { postId: id }, after: start, as: moderator })
    await until(() => told(following).length === 5)
    await unpublish(id)
    await until(() => told(following).length === 6)
    await remove(id, moderator)
    expect(await ending(following)).toEqual([...Array(5).fill('PostChanged'), 'PostRemoved'])
  })

  it('completes after the deletion, of a draft too', async () => {
    const [published, draft] = [await write(test, author), await write(test, author, { publish: false })]
    const following = [watch(sockets, { filter: { postId: published.id } }), watch(sockets, { filter: { postId: draft.id }, as: author })]
    await until(() => followers() === 2)
    await remove(published.id)
    await remove(draft.id)
    expect(await Promise.all(following.map(ending))).toEqual([['PostRemoved'], []])
  })

  it('asks for the permission again every 30 s while it is quiet', async () => {
    const { id } = await write(test, author, { publish: false })
    jest.useFakeTimers({ doNotFake: [...REAL] })
    try {
      const userId = newId()
      let asking = askingAs({ userId, role: 'MODERATOR' })
      const stop = new AbortController()
      const query = `subscription { postEvents(filter: { postId: "${id}" }) { cursor } }`
      const stream = await test.subgraph.subscribe({ query }, () => asking, stop.signal)
      if (!(Symbol.asyncIterator in stream)) throw new Error('it is refused')
      const next = stream.next()
      await until(() => followers() === 1)
      asking = askingAs({ userId })
      jest.advanceTimersByTime(30_000)
      expect(codesOf((await next).value ?? {})).toEqual(['FORBIDDEN'])
      expect((await stream.next()).done).toBe(true)
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('many subscribers', () => {
  it('ask for their permission in one look-up', async () => {
    const { id } = await write(test, author)
    const client = sockets.client()
    const following = Array.from({ length: 50 }, () => watch(sockets, { filter: { postId: id }, as: client }))
    await until(() => followers() === 50)
    const { statements } = await countStatements(async () => {
      await update(id, { title: 'Seen by all' })
      await until(() => following.every((one) => told(one).length === 1))
    })
    // The permission of the change itself is asked as well.
    expect(statements.filter((text) => /from post where id = any/.test(text)).length).toBeLessThanOrEqual(4)
    await Promise.all(following.map((one) => one.stop()))
  })

  it('that drop and come back miss nothing, see nothing twice, and all of it in order', async () => {
    const SUBSCRIBERS = 200
    const POSTS = 8
    const CHANGES = 25
    const start = await cursorNow(test)
    let end: string | null = null
    let drops = 0
    const subscriber = async (index: number): Promise<string[]> => {
      const seen: string[] = []
      for (let life = 0; end === null || seen.at(-1) !== end; life += 1) {
        const client = sockets.client()
        const following = watch(sockets, { after: seen.at(-1) ?? start, as: client })
        // Each life is of another length; some end with a word, others without.
        const enough = 1 + ((index * 7 + life * 13) % 40)
        await until(() => told(following).length >= enough || told(following).at(-1)?.cursor === end, 100_000)
        if ((index + life) % 2) client.terminate()
        else await following.stop()
        await following.done.catch(() => {})
        seen.push(...told(following).map(({ cursor }) => cursor))
        drops += 1
      }
      return seen
    }
    const all = Array.from({ length: SUBSCRIBERS }, (_, index) => subscriber(index))
    await atOnce(POSTS, async (index) => {
      const { id } = await write(test, author, { title: `Busy ${index}` })
      for (let n = 0; n < CHANGES; n += 1) await update(id, { title: `Busy ${index}.${n}` })
      await remove(id)
    })
    const whole = (await toldSince(test, start)).map(({ cursor }) => cursor)
    end = whole.at(-1) ?? null
    expect(whole).toHaveLength(POSTS * (CHANGES + 2))
    for (const seen of await Promise.all(all)) expect(seen).toEqual(whole)
    expect(drops).toBeGreaterThan(2 * SUBSCRIBERS)
  }, 120_000)

  it('are not held back by one that reads slowly, which gets all of it in the end', async () => {
    const EVENTS = 1_000
    const { id } = await write(test, author, { content: 'x'.repeat(20_000) })
    const open: WebSocket[] = []
    class Watched extends WebSocket {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args)
        open.push(this)
      }
    }
    const query = `subscription { postEvents(filter: { postId: "${id}" }) { cursor post { content } } }`
    const slow = sockets.follow(query, {}, sockets.client(author, { webSocketImpl: Watched }))
    const quick = watch(sockets, { filter: { postId: id } })
    await until(() => followers() === 2)
    open[0]?.pause()
    await test.database
      .service('posts')
      .query(
        `insert into event (topic, type, data) select topic, 'post.changed', data from event, generate_series(1, $2) where topic = $1 and type = 'post.published'`,
        [id, EVENTS],
      )
    await test.deps.events.settle()
    await until(() => told(quick).length === EVENTS)
    expect(slow.answers.length).toBeLessThan(EVENTS)
    open[0]?.resume()
    await until(() => slow.answers.length === EVENTS)
    const cursors = slow.answers.map(({ data }) => (data as { postEvents?: Told } | null)?.postEvents?.cursor)
    expect(cursors).toEqual(told(quick).map(({ cursor }) => cursor))
    await Promise.all([slow.stop(), quick.stop()])
  })
})
