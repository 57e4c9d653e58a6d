import { AshlarError } from '../errors.js'
import type { Logger } from '../log.js'
import type { Place } from './cursor.js'
import type { EventLog, LogEvent } from './event-log.js'
import { persistently } from './persistently.js'

/** Events in one statement. */
const STRETCH = 500
/** What one subscriber lets wait; beyond it, it reads the log for itself again, so that a slow one costs no memory. */
const QUEUE_MAX = 256

/** Stands for every topic where one is asked for. */
const ALL = null
type Topic = string | typeof ALL

/** Somebody who follows topics. */
class Follower {
  readonly queue: LogEvent[] = []
  /** Whether the reader hands it what comes; else it reads for itself. */
  live = false
  private wake: (() => void) | null = null

  constructor(readonly topics: readonly string[] | null) {}

  /** Under what the reader knows it. */
  get keys(): readonly Topic[] {
    return this.topics ?? [ALL]
  }

  /** Answers whether there was room for it; where there was none, it reads for itself from here on. */
  offer(event: LogEvent): boolean {
    const room = this.queue.length < QUEUE_MAX
    if (room) this.queue.push(event)
    else this.fallBehind()
    this.stir()
    return room
  }

  fallBehind(): void {
    this.live = false
    this.queue.length = 0
    this.stir()
  }

  stir(): void {
    this.wake?.()
    this.wake = null
  }

  /** Until there is something to do. */
  stirred(): Promise<void> {
    if (this.queue.length > 0 || !this.live) return Promise.resolve()
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }
}

/**
 * What happens on a service's log, for any number of subscribers: the log is read once for all that are live, whatever their topics.
 * Whoever comes with a cursor, or is too slow, reads for themselves until they have caught up.
 */
export class LiveReader {
  private readonly followers = new Map<Topic, Set<Follower>>()
  private tail: Place | null = null
  private pumping = false
  private pumpAgain = false
  private fellBehind = 0
  private readonly unsubscribe: () => void
  private readonly closing = new AbortController()

  constructor(
    private readonly events: EventLog,
    private readonly log: Logger,
  ) {
    this.unsubscribe = events.onMoved(() => void this.pump())
  }

  /** How many follow something now. */
  get followerCount(): number {
    return new Set([...this.followers.values()].flatMap((all) => [...all])).size
  }

  /** How often one was too slow for what came, and had to read the log for itself again. */
  get fellBehindCount(): number {
    return this.fellBehind
  }

  /**
   * What was missed behind `after`, then what happens, in order, without a gap or a repeat; without `after` from now on. Ends when
   * `signal` is aborted or the reader closes. While the database is away it waits.
   * @param topics all of them where null
   * @throws STALE_CURSOR at the first step or later, where the log no longer reaches back
   */
  async *follow(
    topics: readonly string[] | null,
    after: string | null | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<LogEvent, void, undefined> {
    for await (const events of this.stretches(topics, after, signal)) {
      for (const event of events) {
        yield event
        if (signal.aborted) return
      }
    }
  }

  /** The same in the stretches that come at once, none of them empty: for who asks something of the database about each event. */
  async *stretches(
    topics: readonly string[] | null,
    after: string | null | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LogEvent[], void, undefined> {
    let place = await this.events.place(after)
    const follower = new Follower(topics)
    const ended = AbortSignal.any([signal, this.closing.signal])
    const stir = () => follower.stir()
    ended.addEventListener('abort', stir)
    try {
      while (!ended.aborted) {
        const events = follower.live ? follower.queue.splice(0) : await this.catchUp(follower, place, ended)
        const behind = place.position
        const fresh = events.filter((event) => event.position > behind)
        const last = fresh.at(-1)
        if (last) {
          place = { epoch: place.epoch, position: last.position }
          yield fresh
        }
        if (follower.live && !ended.aborted) await follower.stirred()
      }
    } finally {
      ended.removeEventListener('abort', stir)
      this.leave(follower)
    }
  }

  async close(): Promise<void> {
    this.closing.abort()
    this.unsubscribe()
    this.followers.clear()
  }

  /** The next stretch; with the last one the follower becomes live, unless the reader has gone on meanwhile. */
  private async catchUp(follower: Follower, place: Place, signal: AbortSignal): Promise<readonly LogEvent[]> {
    const stretch = await persistently(() => this.events.read(place, follower.topics, STRETCH), {
      signal,
      log: this.log,
      again: (error) => !(error instanceof AshlarError),
    })
    if (!stretch || stretch.events.length === STRETCH) return stretch?.events ?? []
    const reached = { epoch: stretch.epoch, position: stretch.head }
    this.tail ??= reached
    // Behind the tail, the reader may have passed by what is not in this stretch: another one tells.
    if (reached.position < this.tail.position) return stretch.events
    this.join(follower)
    return stretch.events
  }

  private join(follower: Follower): void {
    follower.live = true
    for (const topic of follower.keys) this.followers.set(topic, (this.followers.get(topic) ?? new Set()).add(follower))
    // What came between the stretch and now.
    void this.pump()
  }

  private leave(follower: Follower): void {
    follower.live = false
    for (const topic of follower.keys) {
      const all = this.followers.get(topic)
      all?.delete(follower)
      if (all?.size === 0) this.followers.delete(topic)
    }
    // Nobody is there to read for: the next one begins where the log then stands.
    if (this.followers.size === 0) this.tail = null
  }

  private async pump(): Promise<void> {
    if (this.pumping) {
      this.pumpAgain = true
      return
    }
    this.pumping = true
    try {
      do {
        this.pumpAgain = false
        while (this.tail && (await this.step(this.tail)));
      } while (this.pumpAgain)
    } catch (error) {
      if (error instanceof AshlarError) this.scatter()
      else this.log.warn({ err: error }, 'the log could not be read; the next look does it')
    } finally {
      this.pumping = false
    }
  }

  /** Reads on from the tail and hands out; answers whether there may be more. */
  private async step(tail: Place): Promise<boolean> {
    const asked = new Set(this.followers.keys())
    if (asked.size === 0) return false
    const topics = asked.has(ALL) ? null : [...asked].filter((topic) => topic !== ALL)
    const { events, head, epoch } = await this.events.read(tail, topics, STRETCH)
    if (this.tail !== tail) return true
    const more = events.length === STRETCH
    const position = more ? (events.at(-1)?.position ?? head) : Math.max(head, tail.position)
    this.tail = { epoch, position }
    for (const event of events)
      for (const key of [event.topic, ALL])
        for (const follower of this.followers.get(key) ?? []) if (follower.live && !follower.offer(event)) this.fellBehind += 1
    // Whoever joined for other topics while this was read was not read for.
    if (topics)
      for (const [topic, followers] of this.followers) if (!asked.has(topic)) for (const follower of followers) this.behind(follower)
    return more
  }

  private behind(follower: Follower): void {
    this.leave(follower)
    follower.fallBehind()
  }

  /** Another epoch, or a log that was cut off before the tail: each follower finds out for itself. */
  private scatter(): void {
    const all = new Set([...this.followers.values()].flatMap((followers) => [...followers]))
    for (const follower of all) this.behind(follower)
    this.tail = null
  }
}
