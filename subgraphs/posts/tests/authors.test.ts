import { startTestDatabase, type TestDatabase } from '@ashlar/database/testing'
import type { Asking } from '@ashlar/kit/caller'
import { memoryBus } from '@ashlar/kit/events/bus'
import { EventLog } from '@ashlar/kit/events/event-log'
import { silentLog } from '@ashlar/kit/log'
import { localPeers } from '@ashlar/kit/peers'
import { askingAs, askingAsNobody } from '@ashlar/kit/testing/callers'
import { startTestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { subgraph } from '../src/index.js'
import { change, type PostsTest, read, tell, userIdOf, write } from './writing.js'

let test: PostsTest
/** The log of the users service, and who has an account there. */
let users: TestDatabase
let log: EventLog
let active: Set<string>
const author = askingAs()
const userId = author.identity?.userId ?? ''

beforeEach(async () => {
  users = await startTestDatabase({ services: ['users'] })
  log = new EventLog(users.service('users'), memoryBus(), silentLog())
  active = new Set([userId])
  const accounts = async (input: unknown) => ({ userIds: (input as { userIds: string[] }).userIds.filter((id) => active.has(id)) })
  test = await startTestSubgraph(subgraph, { peers: localPeers(new Map([['users', { events: log, doors: { accounts } }]])) })
})
afterEach(async () => {
  await test.close()
  await log.close()
  await users.close()
})

const place = async (): Promise<number> => {
  const [found] = await test.database
    .service('posts')
    .query<{ position: number }>("select position::float8 from consumer where name = 'posts.of-users' and lost_at is null")
  return found?.position ?? -1
}
const followsTo = (position: number): Promise<void> => until(async () => (await place()) === position)

/** What the users service says of somebody; resolves when posts has heard it. */
async function hear(type: 'user.suspended' | 'user.unsuspended' | 'user.deleted', whom: Asking = author): Promise<void> {
  await users
    .service('users')
    .sqlTransaction((sql) => log.append(sql, { topic: userIdOf(whom), type, data: { userId: whom.identity?.userId } }))
  await log.settle()
  await followsTo((await log.ends()).last.position)
}

async function scheduled(asking = author): Promise<string> {
  const { id } = await write(test, asking, { publish: false })
  await change(test, asking, 'publishPost', { postId: id, publishAt: new Date(Date.now() + 3_600_000).toISOString() })
  return id
}
const isPublished = async (id: string): Promise<boolean> => (await read(test, id, askingAsNobody())) !== null
const jobsLeft = async (): Promise<number> =>
  (await test.database.service('posts').query("select from job where kind = 'post.publish'")).length
const twoHoursLater = () => test.database.shiftClock('posts', '2 hours')

it('publishes what a suspended author had scheduled only once the suspension has ended, and others in time', async () => {
  await test.subgraph.begin()
  const other = askingAs()
  const [waiting, going] = [await scheduled(), await scheduled(other)]
  await hear('user.suspended')
  await twoHoursLater()
  await until(async () => (await jobsLeft()) === 0)
  expect(await isPublished(going)).toBe(true)
  expect(await isPublished(waiting)).toBe(false)
  expect(await read(test, waiting, author)).toMatchObject({ status: 'SCHEDULED' })
  await hear('user.unsuspended')
  await until(() => isPublished(waiting))
  expect(await read(test, waiting, author)).toMatchObject({ status: 'PUBLISHED', revision: 3 })
})

it('leaves what is not due yet for its time, where a suspension ends before', async () => {
  await test.subgraph.begin()
  const id = await scheduled()
  await hear('user.suspended')
  await hear('user.unsuspended')
  expect(await isPublished(id)).toBe(false)
  expect(await jobsLeft()).toBe(1)
  await twoHoursLater()
  await until(() => isPublished(id))
})

it('opens no preview of a suspended author, and opens it again afterwards', async () => {
  await test.subgraph.begin()
  const { id } = await write(test, author, { publish: false })
  const { data } = await tell(test, author, 'createPostPreview', { postId: id }, 'previewToken')
  const { previewToken } = (data as { done: { previewToken: string } }).done
  const opens = async () => (await read(test, id, askingAsNobody(), previewToken)) !== null
  expect(await opens()).toBe(true)
  await hear('user.suspended')
  expect(await opens()).toBe(false)
  await hear('user.unsuspended')
  expect(await opens()).toBe(true)
  await hear('user.deleted')
  expect(await opens()).toBe(false)
})

it('leaves there what a suspended author has published', async () => {
  await test.subgraph.begin()
  const { id } = await write(test, author)
  await hear('user.suspended')
  expect(await isPublished(id)).toBe(true)
})

it('asks the users service itself who is active, where the beginning of its log is gone', async () => {
  const [kept, gone] = [author, askingAs()]
  const [one, two] = [await scheduled(kept), await scheduled(gone)]
  for (const whom of [kept, gone])
    await users
      .service('users')
      .sqlTransaction((sql) => log.append(sql, { topic: userIdOf(whom), type: 'user.suspended', data: { userId: whom.identity?.userId } }))
  await log.settle()
  // As if the events were past their retention.
  await users.admin.query('delete from users.event; update users.log_head set floor = position')
  await test.subgraph.begin()
  await followsTo(2)
  await twoHoursLater()
  await until(() => isPublished(one))
  await until(async () => (await jobsLeft()) === 0)
  expect(await isPublished(two)).toBe(false)
})

it('asks again who is active where the log of the users service begins a new epoch, which may have lost what was told', async () => {
  await test.subgraph.begin()
  const id = await scheduled()
  await hear('user.suspended')
  await twoHoursLater()
  await until(async () => (await jobsLeft()) === 0)
  // As after a recovery to a time before the suspension.
  await users.admin.query("delete from users.event; update users.log_head set epoch = 'another', position = 0, floor = 0")
  await until(() => isPublished(id))
  expect(await place()).toBe(0)
})
