import { setTimeout as delay } from 'node:timers/promises'
import { decodeId } from '@ashlar/kit/ids'
import { until } from '@ashlar/kit/testing/until'
import pg from 'pg'
import { ask } from '../client.js'
import type { FaultsFound } from '../faults-found.js'
import { type House, targetOf } from '../house.js'
import type { AnotherProcess, ManyProcesses } from '../many-processes.js'
import { readLog } from '../posts/log-pages.js'
import type { Session } from '../session.js'
import { signal } from '../signal.js'

/** Where in its work the worker is stopped. */
export type Moment = 'when it has taken the lease' | 'in the midst of its transaction'

export interface StoppedWorkerOptions {
  readonly house: ManyProcesses
  readonly author: Session
  readonly owner: Session
  readonly found: FaultsFound
  /** Whether to let twice the lease go by; else the database's clock is shifted. */
  readonly inRealTime: boolean
}

/** Twice the lease of kit/src/jobs.ts. */
const STOPPED_SECONDS = 120
const SCHEDULED_MS = 3_000
const SLOW_MS = 400
const WORK_MS = 60_000
const POST = 'post { id revision }'
const CREATE = `mutation ($input: CreatePostInput!) { done: createPost(input: $input) { ${POST} } }`
const PUBLISH = `mutation ($input: PublishPostInput!) { done: publishPost(input: $input) { ${POST} } }`
const CURSOR = '{ postEventCursor }'
const REVISION = 'query ($id: ID!) { post(id: $id) { status revision } }'
const LEASE = `select lease_number::int as number from posts.job where kind = 'post.publish' and key = $1`
const WAITING = `select from pg_stat_activity where application_name = 'ashlar posts' and wait_event_type = 'Lock'`
const STATUS = 'select status::text from posts.post where id = $1'

/**
 * Stops the process that publishes a post for twice its lease, has another one publish it, and lets the first go on.
 * One publication, one event: what the first had begun is not written.
 */
export async function stopWorker(moment: Moment, another: AnotherProcess, options: StoppedWorkerOptions): Promise<void> {
  const { house, author, owner, found, inRealTime } = options
  const [url = ''] = house.urls
  const first = pidOf(house)
  const second = another.process.pid ?? 0
  const { postEventCursor } = await done<{ postEventCursor: string }>(url, CURSOR, {}, author)

  // Whoever takes the job, it is the first.
  signal(second, 'SIGSTOP')
  try {
    const id = await schedule(house, author)
    if (moment === 'when it has taken the lease') await stopWithLease(house, id, first)
    else await stopInTransaction(house, id, first)
    // How long it is stopped, which is what this is about.
    if (inRealTime) await delay(STOPPED_SECONDS * 1_000)
    else await house.clocks.goAhead('posts', STOPPED_SECONDS + 1)
    signal(second, 'SIGCONT')
    const isPublished = async () => (await house.postgres.query<{ status: string }>(STATUS, [uuidOf(id)]))[0]?.status === 'PUBLISHED'
    await until(isPublished, WORK_MS).catch(() => found.add('TOO_LATE', `${id} was not published by another process ${moment}`))

    // It goes on; when it has published the next one it has done with this one.
    signal(second, 'SIGSTOP')
    signal(first, 'SIGCONT')
    await until(() => targetOf(house, 'posts').answers(), WORK_MS)
    const next = await schedule(house, author)
    const published = async () => (await done<{ post: Post | null }>(url, REVISION, { id: next }, author)).post?.status === 'PUBLISHED'
    await until(published, WORK_MS).catch(() => found.add('TOO_LATE', `the process that was stopped ${moment} does no work any more`))

    const { post } = await done<{ post: Post | null }>(url, REVISION, { id }, author)
    // Written, scheduled, published.
    if (post?.revision !== 3 || post.status !== 'PUBLISHED')
      found.add('DOUBLED', `stopped ${moment}: the post is ${post?.status} at revision ${post?.revision} instead of PUBLISHED at 3`)
    const { events } = await readLog(url, owner.token, postEventCursor)
    const told = events.filter(({ postId }) => postId === id).map(({ type }) => type)
    if (told.join() !== 'PostPublished')
      found.add(told.length > 1 ? 'DOUBLED' : 'LOST', `stopped ${moment}: the log tells ${told.join(', ') || 'nothing'}`)
    const left = await house.postgres.query(LEASE, [uuidOf(id)])
    if (left.length > 0) found.add('DOUBLED', `stopped ${moment}: the job is still there`)
  } finally {
    for (const pid of [first, second]) signal(pid, 'SIGCONT')
  }
}

interface Post {
  readonly status: string
  readonly revision: number
}

/** The answer to the lease lies in the line when the process is stopped: it finds it there when it goes on. */
async function stopWithLease(house: ManyProcesses, id: string, pid: number): Promise<void> {
  const line = house.lines.get('posts > postgres')
  if (!line) throw new Error('posts has no line to PostgreSQL')
  line.delayMs = SLOW_MS
  try {
    await untilQuickly(house, LEASE, [uuidOf(id)], (rows) => Number(rows[0]?.number) > 0)
    signal(pid, 'SIGSTOP')
  } finally {
    line.release()
  }
}

/** The row that it publishes is locked by somebody else; let go of once the process is stopped, its transaction stays open. */
async function stopInTransaction(house: ManyProcesses, id: string, pid: number): Promise<void> {
  const blocker = new pg.Client(house.postgres.server.connection)
  await blocker.connect()
  try {
    await blocker.query('begin')
    await blocker.query('select from posts.post where id = $1 for update', [uuidOf(id)])
    await untilQuickly(house, WAITING, [], (rows) => rows.length > 0)
    signal(pid, 'SIGSTOP')
    await blocker.query('rollback')
  } finally {
    await blocker.end()
  }
}

/** Asks over one connection, without a pause: what is waited for lasts for a moment. */
async function untilQuickly(
  { postgres }: ManyProcesses,
  text: string,
  values: readonly unknown[],
  isSo: (rows: readonly Record<string, unknown>[]) => boolean,
): Promise<void> {
  const client = new pg.Client(postgres.server.connection)
  await client.connect()
  try {
    await until(async () => isSo((await client.query(text, [...values])).rows), WORK_MS)
  } finally {
    await client.end()
  }
}

const uuidOf = (id: string): string => decodeId('post', id)

function pidOf(house: House): number {
  const pid = targetOf(house, 'posts').pid()
  if (!pid) throw new Error('posts does not run')
  return pid
}

async function schedule(house: ManyProcesses, author: Session): Promise<string> {
  const [url = ''] = house.urls
  const draft = await done<Done>(url, CREATE, { input: { title: 'Later', content: 'In time.' } }, author)
  const { id } = draft.done.post
  const publishAt = new Date(Date.now() + house.clocks.aheadMs('posts') + SCHEDULED_MS).toISOString()
  await done<Done>(url, PUBLISH, { input: { postId: id, publishAt } }, author)
  return id
}

interface Done {
  readonly done: { readonly post: { readonly id: string } }
}

async function done<Data>(url: string, query: string, variables: object, session: Session): Promise<Data> {
  const { data, words } = await ask<Data>(url, query, variables, { token: session.token })
  if (!data) throw new Error(words)
  return data
}
