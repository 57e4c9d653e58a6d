import { setMaxListeners } from 'node:events'
import { ask } from '../client.js'
import type { ServiceClocks } from '../clock.js'
import type { FaultsFound } from '../faults-found.js'
import { Pace } from '../pace.js'
import { type Acknowledged, untilAcknowledged } from '../persistence.js'
import type { Seeded } from '../seeded.js'
import type { Session } from '../session.js'
import type { Ledger } from './ledger.js'
import { newPost, type Status, textOf, type WrittenPost } from './written-post.js'

const POST = 'post { id revision status }'
const CREATE = `mutation ($input: CreatePostInput!) { done: createPost(input: $input) { ${POST} } }`
const UPDATE = `mutation ($input: UpdatePostInput!) { done: updatePost(input: $input) { ${POST} } }`
const PUBLISH = `mutation ($input: PublishPostInput!) { done: publishPost(input: $input) { ${POST} } }`
const UNPUBLISH = `mutation ($input: UnpublishPostInput!) { done: unpublishPost(input: $input) { ${POST} } }`

/** Of one post's texts, so that one page shows them all. */
const TEXTS_MAX = 95
const SCHEDULED_MS = [500, 2_500] as const
/** Of new posts. */
const FICKLE_SHARE = 0.3

interface Done {
  readonly done: { readonly post: { readonly id: string; readonly revision: number; readonly status: Status } }
}

export interface WriterOptions {
  readonly urls: readonly string[]
  readonly clocks: ServiceClocks
  readonly authors: readonly Session[]
  readonly ledger: Ledger
  readonly seeded: Seeded
  readonly found: FaultsFound
  /** Writes a second. */
  readonly rate: number
}

/** Writes posts at a steady pace, whatever is answered, each change until it is acknowledged. */
export class Writer {
  acknowledged = 0
  /** Acknowledged after an attempt of which nobody knew what had become. */
  repeated = 0
  lastAcknowledgedAt = performance.now()
  /** The longest time without an acknowledgement since this was last set to 0. */
  longestSilenceMs = 0
  readonly hot: WrittenPost[] = []
  readonly pace: Pace
  private readonly ended = new AbortController()
  private count = 0

  constructor(private readonly options: WriterOptions) {
    this.pace = new Pace(options.rate)
    // Whatever waits for its next attempt listens.
    setMaxListeners(0, this.ended.signal)
  }

  start(): void {
    this.lastAcknowledgedAt = performance.now()
    this.pace.start(() => (this.options.ledger.isFull ? Promise.resolve() : this.writeSomething()))
  }

  /** Begins nothing more, and waits for what has begun. */
  pause(): Promise<void> {
    return this.pace.pause()
  }

  async stop(): Promise<void> {
    this.ended.abort()
    await this.pause()
  }

  /** Posts that are followed one by one; those that have had their texts make room for new ones. */
  async refillHot(count: number): Promise<void> {
    for (const post of this.hot.splice(0)) {
      if (post.texts.length < TEXTS_MAX / 2 && !post.unsure) this.hot.push(post)
      else post.retired = true
    }
    while (this.hot.length < count) {
      const post = await this.create('steady', true)
      if (!post) throw new Error('a post to follow was not written')
      this.hot.push(post)
    }
  }

  private async writeSomething(): Promise<void> {
    const { seeded, ledger } = this.options
    const idle = (posts: readonly WrittenPost[], kind: WrittenPost['kind']) => {
      const post = posts.length > 0 ? seeded.pick(posts) : null
      return post && post.kind === kind && !post.busy && !post.retired && !post.unsure && post.texts.length < TEXTS_MAX ? post : null
    }
    // Of twenty: nine new texts of steady posts, most of them of those that are followed; three turns and one new text of fickle ones; one
    // that is scheduled; the rest, and whatever finds no post that is idle, new posts.
    const dice = seeded.below(20)
    if (dice < 9) {
      const post = idle(dice < 6 ? this.hot : ledger.recent, 'steady')
      if (post) return this.update(post)
    } else if (dice < 13) {
      const post = idle(ledger.recent, 'fickle')
      if (post) return dice < 12 ? this.turn(post) : this.update(post)
    } else if (dice === 13) return this.schedule()
    await this.create(seeded.chance(FICKLE_SHARE) ? 'fickle' : 'steady', true)
  }

  private async create(kind: WrittenPost['kind'], publish: boolean): Promise<WrittenPost | null> {
    const author = this.options.seeded.pick(this.options.authors)
    this.count += 1
    const key = `${this.options.seeded.seed}-${this.count}`
    const input = { title: key, content: textOf(key, 0), kind, publish, idempotencyKey: key }
    const acknowledged = await this.send(author, CREATE, input, `the creation of ${key}`)
    if (!acknowledged) return null
    const { id, revision, status } = acknowledged.data.done.post
    const post = newPost({ id, key, authorId: author.userId, kind, status, revision })
    this.expect(post, 'created', { revision: 1, status: publish ? 'PUBLISHED' : 'DRAFT' }, acknowledged)
    this.options.ledger.add(post)
    return post
  }

  private update(post: WrittenPost): Promise<void> {
    return this.change(post, async (author) => {
      const n = post.texts.length
      const input = { postId: post.id, content: textOf(post.key, n), idempotencyKey: `${post.key}-${n}` }
      const acknowledged = await this.send(author, UPDATE, input, `text ${n} of ${post.key}`)
      if (!acknowledged) return false
      this.expect(post, `given text ${n}`, { revision: post.revision + 1, status: post.status }, acknowledged)
      post.texts.push(post.revision)
      if (post.status === 'PUBLISHED') post.events.push('PostChanged')
      return true
    })
  }

  /** Published where it is a draft, and the other way round. */
  private turn(post: WrittenPost): Promise<void> {
    return this.change(post, async (author) => {
      const publish = post.status === 'DRAFT'
      const what = publish ? 'published' : 'unpublished'
      const acknowledged = await this.send(author, publish ? PUBLISH : UNPUBLISH, { postId: post.id }, `that ${post.key} be ${what}`)
      if (!acknowledged) return false
      this.expect(post, what, { revision: post.revision + 1, status: publish ? 'PUBLISHED' : 'DRAFT' }, acknowledged)
      post.events.push(publish ? 'PostPublished' : 'PostRemoved')
      // These have no idempotency key: an attempt that is still under way must not meet the next change.
      if (acknowledged.unanswered > 0) post.retired = true
      return true
    })
  }

  private async schedule(): Promise<void> {
    const post = await this.create('steady', false)
    if (!post) return
    post.retired = true
    post.scheduled = true
    await this.change(post, async (author) => {
      const { seeded, clocks } = this.options
      const publishAt = new Date(Date.now() + clocks.aheadMs('posts') + seeded.between(...SCHEDULED_MS)).toISOString()
      const acknowledged = await this.send(author, PUBLISH, { postId: post.id, publishAt }, `the publication of ${post.key}`)
      if (!acknowledged) return false
      const { status, revision } = acknowledged.data.done.post
      // Where the answer came late the time may have come, or have been past already.
      if (status === 'SCHEDULED') this.expect(post, 'scheduled', { revision: 2, status }, acknowledged)
      post.revision = status === 'SCHEDULED' ? 3 : revision
      post.status = 'PUBLISHED'
      post.events.push('PostPublished')
      return true
    })
  }

  private async change(post: WrittenPost, work: (author: Session) => Promise<boolean>): Promise<void> {
    const author = this.options.authors.find(({ userId }) => userId === post.authorId)
    if (!author) throw new Error(`nobody wrote ${post.key}`)
    post.busy = true
    this.options.ledger.touched.add(post)
    try {
      if (!(await work(author))) post.unsure = true
    } finally {
      post.busy = false
    }
  }

  /** Takes what an answer says of the post, and says so where it should say something else: a change done twice counts twice. */
  private expect(
    post: WrittenPost,
    what: string,
    expected: { readonly revision: number; readonly status: Status },
    { data }: Acknowledged<Done>,
  ): void {
    const { revision, status } = data.done.post
    if (revision !== expected.revision)
      this.options.found.add(
        revision > expected.revision ? 'DOUBLED' : 'LOST',
        `${post.key} was ${what} as revision ${revision} instead of ${expected.revision}`,
      )
    if (status !== expected.status)
      this.options.found.add('CHANGED', `${post.key} was ${what} and is ${status} instead of ${expected.status}`)
    post.revision = revision
    post.status = status
  }

  private async send(author: Session, query: string, input: object, what: string): Promise<Acknowledged<Done> | null> {
    const { urls, seeded, found } = this.options
    const acknowledged = await untilAcknowledged<Done>({
      urls,
      seeded,
      found,
      what,
      attempt: (url) => ask<Done>(url, query, { input }, { token: author.token }),
      signInAgain: () => author.refresh(),
      signal: this.ended.signal,
    })
    if (!acknowledged) return null
    const now = performance.now()
    this.longestSilenceMs = Math.max(this.longestSilenceMs, now - this.lastAcknowledgedAt)
    this.lastAcknowledgedAt = now
    this.acknowledged += 1
    if (acknowledged.unanswered > 0) this.repeated += 1
    return acknowledged
  }
}
