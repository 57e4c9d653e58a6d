import { setTimeout as delay } from 'node:timers/promises'
import { decodePlace } from '@ashlar/kit/events/cursor'
import { type Client, createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import type { FaultsFound } from '../faults-found.js'
import type { SocketDoor } from '../house.js'
import type { Seeded } from '../seeded.js'
import type { EventType, WrittenPost } from './written-post.js'

const SUBSCRIPTION = `subscription ($filter: PostEventFilter, $after: String!) {
  postEvents(filter: $filter, after: $after) { __typename cursor postId }
}`
/** Soon enough that whoever hangs on a dead line does not hang for long. */
const LIFE_MS_MEAN = 8_000
const LIFE_MS_MAX = 20_000
const AWAY_MS_MEAN = 500
const AWAY_MS_MAX = 5_000
const ACKNOWLEDGED_MS = 5_000

/** What somebody follows, and as whom. */
export interface Following {
  readonly as: 'nobody' | 'moderator'
  readonly filter: { readonly kind?: string; readonly authorId?: string; readonly postId?: string } | null
}

export interface Received {
  readonly position: number
  readonly type: EventType
  readonly postId: string
}

export const follows = ({ filter }: Following, post: WrittenPost): boolean =>
  filter === null ||
  ((filter.kind === undefined || filter.kind === post.kind) &&
    (filter.authorId === undefined || filter.authorId === post.authorId) &&
    (filter.postId === undefined || filter.postId === post.id))

/** One that is left while it connects breaks, and there is nobody whom that concerns. */
class LeavableSocket extends WebSocket {
  constructor(...given: ConstructorParameters<typeof WebSocket>) {
    super(...given)
    this.on('error', () => {})
  }
}

interface EventData {
  readonly postEvents: { readonly __typename: EventType; readonly cursor: string; readonly postId: string }
}

/** Somebody on a bad line: loses it again and again, and comes back each time behind the last event that came. */
export class Subscriber {
  /** Since it was last compared with the log. */
  received: Received[] = []
  delivered = 0
  connections = 0
  private last = -1
  private client: Client | null = null
  private readonly ended = new AbortController()
  private running: Promise<void> | null = null

  constructor(
    readonly name: string,
    private following_: Following,
    private cursor: string,
    private readonly options: { readonly door: SocketDoor; readonly seeded: Seeded; readonly found: FaultsFound },
  ) {
    this.last = decodePlace(cursor).position
  }

  get following(): Following {
    return this.following_
  }

  start(): void {
    this.running ??= this.run()
  }

  /** Follows something else from a place on. */
  turnTo(following: Following, cursor: string): void {
    this.following_ = following
    this.cursor = cursor
    this.last = decodePlace(cursor).position
    this.client?.terminate()
  }

  async stop(): Promise<void> {
    this.ended.abort()
    this.client?.terminate()
    await this.running
  }

  private async run(): Promise<void> {
    const { seeded } = this.options
    const { signal } = this.ended
    // Twice as long with each attempt that fails, as clients should.
    for (let mean = AWAY_MS_MEAN; !signal.aborted; ) {
      mean = (await this.once()) ? AWAY_MS_MEAN : Math.min(2 * mean, AWAY_MS_MAX)
      await delay(Math.min(seeded.wait(mean), AWAY_MS_MAX), undefined, { signal }).catch(() => {})
    }
  }

  /** One connection, to its end. Answers whether it came about at all. */
  private async once(): Promise<boolean> {
    const { door, seeded } = this.options
    this.connections += 1
    let connected = false
    const client = createClient({
      url: door.url,
      webSocketImpl: LeavableSocket,
      retryAttempts: 0,
      connectionAckWaitTimeout: ACKNOWLEDGED_MS,
      connectionParams: () => door.payload(this.following.as),
      on: {
        connected: () => {
          connected = true
        },
      },
    })
    this.client = client
    const life = setTimeout(() => client.terminate(), Math.min(seeded.wait(LIFE_MS_MEAN), LIFE_MS_MAX))
    const { following } = this
    await new Promise<void>((resolve) => {
      client.subscribe<EventData>(
        { query: SUBSCRIPTION, variables: { filter: following.filter, after: this.cursor } },
        {
          next: ({ data, errors }) => {
            if (errors) this.refused(errors)
            else if (data && this.following === following) this.take(data.postEvents)
          },
          error: (error) => {
            if (Array.isArray(error)) this.refused(error)
            resolve()
          },
          complete: resolve,
        },
      )
      if (this.ended.signal.aborted) client.terminate()
    })
    clearTimeout(life)
    this.client = null
    client.terminate()
    return connected
  }

  private take({ __typename: type, cursor, postId }: EventData['postEvents']): void {
    const { position } = decodePlace(cursor)
    this.delivered += 1
    if (position <= this.last) {
      const again = this.received.some((each) => each.position === position)
      this.options.found.add(again ? 'DOUBLED' : 'OUT_OF_ORDER', `${this.name} got position ${position} after ${this.last}`)
      return
    }
    this.last = position
    this.cursor = cursor
    this.received.push({ position, type, postId })
  }

  private refused(errors: readonly { readonly message: string; readonly extensions?: Record<string, unknown> }[]): void {
    for (const { message, extensions } of errors)
      if (extensions?.code !== 'SUBGRAPH_UNAVAILABLE')
        this.options.found.add('WRONG_ANSWER', `${this.name} was refused: ${extensions?.code ?? 'NONE'} ${message}`)
  }
}
