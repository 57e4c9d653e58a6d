import { until } from '@ashlar/kit/testing/until'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { ask } from '../client.js'
import type { FaultsFound } from '../faults-found.js'
import type { AnotherProcess, ManyProcesses } from '../many-processes.js'
import { type Loses, losesAll, losesEveryThird, losesNone } from '../nats-filter.js'
import type { Seeded } from '../seeded.js'
import type { Session } from '../session.js'

/** What becomes of the hints from the process that writes to the one that is subscribed to. */
export type Hints = 'all come' | 'every third is lost' | 'all are lost' | 'NATS is away'

export interface HintsOptions {
  readonly house: ManyProcesses
  readonly author: Session
  readonly found: FaultsFound
  readonly seeded: Seeded
  /** How many events come one after the other, each the last one before it is quiet. */
  readonly tries: number
}

/** Until when the last event before a quiet minute has come, whatever became of its hint. */
export const ARRIVES_MS = 10_000
const QUIET_MS = 60_000
const LOSES: Readonly<Record<Hints, Loses>> = {
  'all come': losesNone,
  'every third is lost': losesEveryThird,
  'all are lost': losesAll,
  'NATS is away': losesNone,
}
const CREATE = 'mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } } }'
const SUBSCRIPTION = 'subscription ($after: String!) { postEvents(after: $after) { postId } }'
const CURSOR = '{ postEventCursor }'

export interface Measured {
  /** Each from before the write was sent until its event was there, at a subscriber of another process than the one that wrote. */
  readonly times: readonly number[]
  /** How many hints were lost meanwhile. */
  readonly lost: number
}

export async function measureHints(hints: Hints, another: AnotherProcess, options: HintsOptions): Promise<Measured> {
  const { house, author, found, seeded, tries } = options
  const { toNats, socket } = another
  if (!toNats) throw new Error('there is no NATS server')
  const arrived = new Map<string, number>()
  const write = async (): Promise<{ readonly id: string; readonly sentAt: number }> => {
    const key = `hint-${seeded.next()}`
    const sentAt = performance.now()
    const input = { title: key, content: 'Told.', publish: true, idempotencyKey: key }
    const url = seeded.pick(house.urls)
    const { data, words } = await ask<{ createPost: { post: { id: string } } }>(url, CREATE, { input }, { token: author.token })
    if (!data) throw new Error(`nothing was written: ${words}`)
    return { id: data.createPost.post.id, sentAt }
  }
  // The first one is read from the log as it stands: from then on it is subscribed, and caught up.
  const after = (await ask<{ postEventCursor: string }>(house.urls[0] ?? '', CURSOR)).data?.postEventCursor
  const { id: first } = await write()
  const client = createClient({
    url: socket.url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: () => socket.payload('moderator'),
  })
  const events = client.iterate<{ postEvents: { postId: string } }>({ query: SUBSCRIPTION, variables: { after } })
  const reading = (async () => {
    for await (const { data } of events) if (data) arrived.set(data.postEvents.postId, performance.now())
  })()
  // Whoever waits for an event misses it.
  reading.catch(() => {})
  const times: number[] = []
  const before = toNats.losses.lost
  try {
    await until(() => arrived.has(first), QUIET_MS)
    toNats.losses.loses = LOSES[hints]
    if (hints === 'NATS is away') toNats.line.refuse()
    for (let n = 0; n < tries; n += 1) {
      const { id, sentAt } = await write()
      await until(() => arrived.has(id), QUIET_MS).catch(() => {})
      const ms = (arrived.get(id) ?? Number.POSITIVE_INFINITY) - sentAt
      times.push(ms)
      if (ms > ARRIVES_MS) found.add('TOO_LATE', `where ${hints}, the last event came after ${Math.round(ms)} ms`)
    }
    return { times, lost: toNats.losses.lost - before }
  } finally {
    toNats.losses.loses = losesNone
    toNats.line.accept()
    await client.dispose()
    await reading.catch(() => {})
  }
}
