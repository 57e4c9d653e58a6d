import { until } from '@ashlar/kit/testing/until'
import { ask } from '../client.js'
import type { SocketDoor } from '../house.js'
import { Session } from '../session.js'
import type { CreateWorkload, Workload, WorkloadOptions } from '../workload.js'
import { compareLog, compareReceived, type Logged, waitsFor } from './compare.js'
import { Ledger } from './ledger.js'
import { readLog } from './log-pages.js'
import { listAll, readBack } from './reading-back.js'
import { type Following, follows, Subscriber } from './subscriber.js'
import { Writer } from './writer.js'

const AUTHORS = 8
const HOT_POSTS = 24
/** By when whatever stands in the log has reached everybody, faults or no. */
const ARRIVED_MS = 30_000
/** More than the lease of kit/src/jobs.ts: a publication whose worker was killed waits for its end. */
const LEASE_SECONDS = 61
/** By when what is scheduled is published, where its worker lives. */
const PUBLISHED_MS = 5_000
/** By when all else that was acknowledged stands in the log. */
const LOGGED_MS = 15_000
const CURSOR = '{ postEventCursor }'

/** Authors who write posts, and subscribers who follow them. */
export const createPostsWorkload: CreateWorkload = (options) => new PostsWorkload(options)

class PostsWorkload implements Workload {
  readonly name = 'posts'
  private readonly ledger = new Ledger()
  private readonly authors: Session[] = []
  private owner: Session | null = null
  private writer: Writer | null = null
  private readonly subscribers: Subscriber[] = []
  /** Up to where the log has been compared. */
  private cursor = ''

  constructor(private readonly options: WorkloadOptions) {}

  get acknowledged(): number {
    return this.writer?.acknowledged ?? 0
  }

  longestSilenceMs(): number {
    const { writer } = this
    if (!writer) return 0
    const longest = writer.longestSilenceMs
    writer.longestSilenceMs = 0
    return longest
  }

  counts(): Readonly<Record<string, number>> {
    const sum = (of: (subscriber: Subscriber) => number) => this.subscribers.reduce((total, subscriber) => total + of(subscriber), 0)
    return {
      acknowledged: this.acknowledged,
      'repeated after no answer': this.writer?.repeated ?? 0,
      'held back': this.writer?.pace.heldBack ?? 0,
      refreshes: [...this.authors, this.owner].reduce((total, session) => total + (session?.refreshes ?? 0), 0),
      'events delivered': sum(({ delivered }) => delivered),
      connections: sum(({ connections }) => connections),
    }
  }

  async prepare(): Promise<void> {
    const { house, seeded, found, rate } = this.options
    const { urls } = house
    const signing = { urls, seeded: seeded.fork('sessions'), found }
    this.owner = await Session.signIn(house.owner, signing)
    for (let n = 1; n <= AUTHORS; n += 1) this.authors.push(await Session.signUp(`author_${n}`, signing))
    const { ledger, authors } = this
    this.cursor = (await this.read<{ postEventCursor: string }>(CURSOR)).postEventCursor
    this.writer = new Writer({ urls, clocks: house.clocks, authors, ledger, seeded: seeded.fork('writer'), found, rate })
    await this.writer.refillHot(HOT_POSTS)
    const doors = this.doors(this.owner)
    for (let n = 0; n < this.options.subscribers; n += 1) {
      const own = seeded.fork(`subscriber ${n}`)
      const following = this.choose(n)
      const door = doors[n % doors.length] as SocketDoor
      this.subscribers.push(new Subscriber(nameOf(n, following), following, this.cursor, { door, seeded: own, found }))
    }
    for (const subscriber of this.subscribers) subscriber.start()
  }

  start(): void {
    this.writer?.start()
  }

  /** Where subscribers come in: at each gateway, and where the service is a process of its own at its own door as often. */
  private doors(owner: Session): readonly SocketDoor[] {
    const { house } = this.options
    const own = house.socketOf('posts')
    return house.urls.flatMap((url) => {
      const gateway: SocketDoor = {
        url: `${url.replace('http', 'ws')}/graphql`,
        payload: (as) => (as === 'nobody' ? {} : { accessToken: owner.token }),
      }
      return own ? [gateway, own] : [gateway]
    })
  }

  async pause(): Promise<void> {
    await this.writer?.pause()
    await Promise.all([...this.authors, this.owner].map((session) => session?.settled()))
  }

  async verify(): Promise<void> {
    const { found, house } = this.options
    const { owner, writer, ledger } = this
    const [url = ''] = house.urls
    if (!owner || !writer) throw new Error('nothing has been prepared')
    const logged = await this.logged()
    await this.compareAll(logged)
    await readBack(url, owner, [...ledger.touched], found)
    ledger.touched.clear()

    // Nobody writes: whoever follows one post may go on to another.
    await writer.refillHot(HOT_POSTS)
    for (const [n, subscriber] of this.subscribers.entries()) {
      const { filter } = subscriber.following
      if (filter?.postId && !writer.hot.some(({ id }) => id === filter.postId)) subscriber.turnTo(this.choose(n), this.cursor)
    }
  }

  async verifyAll(): Promise<void> {
    const { found, house } = this.options
    const [url = ''] = house.urls
    if (!this.owner) throw new Error('nothing has been prepared')
    await this.verify()
    await readBack(url, this.owner, [...this.ledger.posts.values()], found)
    for (const author of this.authors) await listAll(url, author, this.ledger, found)
  }

  async stop(): Promise<void> {
    await Promise.all(this.subscribers.map((subscriber) => subscriber.stop()))
    await this.writer?.stop()
    await Promise.all([...this.authors, this.owner].map((session) => session?.end()))
  }

  /** The log since the last time, once it holds all that was acknowledged: what is scheduled is published by itself. */
  private async logged(): Promise<Logged[]> {
    const { found, house } = this.options
    const [url = ''] = house.urls
    const all: Logged[] = []
    const look = async () => {
      const { events, cursor } = await readLog(url, this.owner?.token ?? '', this.cursor)
      this.cursor = cursor
      compareLog(events, this.ledger.posts, found)
      all.push(...events)
    }
    const waiting = () =>
      look().then(
        () => waitsFor(this.ledger.touched),
        () => null,
      )
    const isLogged = async () => (await waiting())?.length === 0
    await until(async () => (await waiting())?.every(({ scheduled }) => scheduled) ?? false, LOGGED_MS).catch(() => {
      for (const { key, scheduled } of waitsFor(this.ledger.touched))
        if (!scheduled) found.add('TOO_LATE', `what was acknowledged of ${key} was not in the log within ${LOGGED_MS / 1_000} s`)
    })
    await until(isLogged, PUBLISHED_MS).catch(async () => {
      await house.clocks.goAhead('posts', LEASE_SECONDS)
      await until(isLogged, ARRIVED_MS).catch(() => {})
    })
    for (const post of waitsFor(this.ledger.touched)) {
      found.add('LOST', `the log lacks ${post.events[post.found]} of ${post.key}, which was acknowledged`)
      post.unsure = true
    }
    return all
  }

  private async compareAll(logged: readonly Logged[]): Promise<void> {
    const { found } = this.options
    const { posts } = this.ledger
    const expected = new Map(
      this.subscribers.map((subscriber) => [
        subscriber,
        logged.filter(({ postId }) => {
          const post = posts.get(postId)
          return post !== undefined && follows(subscriber.following, post)
        }),
      ]),
    )
    const isThere = () => [...expected].every(([{ received }, events]) => received.length >= events.length)
    await until(isThere, ARRIVED_MS).catch(() => {})
    for (const [subscriber, events] of expected) {
      compareReceived(subscriber.name, subscriber.received, events, found)
      subscriber.received = []
    }
  }

  /** One of twenty follows all, five an author, the others one post; most of them see what everybody sees. */
  private choose(n: number): Following {
    const author = this.authors[n % this.authors.length]
    const post = this.writer?.hot[n % HOT_POSTS]
    if (!author || !post || n % 20 === 0) return { as: 'moderator', filter: null }
    if (n % 20 < 3) return { as: 'moderator', filter: { authorId: author.userId } }
    if (n % 20 < 6) return { as: 'nobody', filter: { authorId: author.userId, kind: 'steady' } }
    return { as: 'nobody', filter: { postId: post.id } }
  }

  private async read<Data>(query: string): Promise<Data> {
    const { data, words } = await ask<Data>(this.options.house.urls[0] ?? '', query)
    if (!data) throw new Error(words)
    return data
  }
}

const nameOf = (n: number, { as, filter }: Following): string =>
  `subscriber ${n} (${as}, ${filter === null ? 'all' : Object.keys(filter).join(' and ')})`
