import type { Deps } from '../deps.js'
import { badUserInput, forbidden, notFound, subgraphUnavailable } from '../errors.js'
import { isDatabaseAway } from '../failures.js'
import type { Edge, PageInfo } from '../paging.js'
import { encodePlace, type Place } from './cursor.js'
import type { LogEvent } from './event-log.js'
import { persistently } from './persistently.js'

/** Whether the caller sees the thing that a subscription is about: hidden from them now, or gone for everyone. */
export type Standing = 'SEEN' | 'HIDDEN' | 'GONE'

/** What one field shows of a service's log: the same for its subscription and for its pages. */
export interface Feed<Shown> {
  /** All of them where null. */
  readonly topics: readonly string[] | null
  /** Which events it is about at all, without asking the database. */
  matches(event: LogEvent): boolean
  /**
   * Events as the caller sees them now, in one look-up: in their order, null for what is to be left out. Asked for each event anew, so
   * that whatever is shown was permitted a second ago at most.
   */
  show(events: readonly LogEvent[]): Promise<readonly (Shown | null)[]>
  /**
   * Of a feed about one thing: whether it can be seen. Asked at first, with each event, and every 30 s: a subscription to what is hidden or
   * gone is NOT_FOUND; one that loses sight gets the rest of the log, the removal with it, and then FORBIDDEN; after a deletion it completes.
   */
  standing?(): Promise<Standing>
}

/** A connection without a count: a log has no end. */
export interface EventConnection<Shown> {
  readonly edges: readonly Edge<Shown>[]
  readonly nodes: readonly Shown[]
  readonly pageInfo: PageInfo
}

export interface EventPageArgs {
  /** From where the log stands now, if absent. */
  readonly after?: string | null | undefined
  readonly first: number
}

const PAGE_MAX = 100
/** How many events a page looks at for each that it may have, since what is hidden must not make it look without end. */
const CANDIDATES = 5
const CHECK_EVERY_MS = 30_000
/** Of what has been missed, how many events one look-up is for, and how long it holds. */
const LOOK_AT_ONCE = 50
const LOOK_LASTS_MS = 1_000
/** Events in one statement, once the end is known. */
const STRETCH = 500
const RETRY_AFTER_SECONDS = 1

/**
 * A page of the log. `hasNextPage` false is caught up; `endCursor` goes on from any page, also from one that is empty because all it
 * looked at is hidden or filtered out.
 * @returns null for a feed about what is not there or hidden
 * @throws BAD_USER_INPUT for a size out of 1 to 100; STALE_CURSOR
 */
export async function eventPage<Shown>(
  { events }: Pick<Deps, 'events'>,
  feed: Feed<Shown>,
  { after, first }: EventPageArgs,
): Promise<EventConnection<Shown> | null> {
  if (!Number.isInteger(first) || first < 1 || first > PAGE_MAX) throw badUserInput('first', `is 1 to ${PAGE_MAX}`)
  const place = await events.place(after)
  if (feed.standing && (await feed.standing()) !== 'SEEN') return null
  const limit = CANDIDATES * first
  const { events: candidates, head, epoch } = await events.read(place, feed.topics, limit)

  const edges: Edge<Shown>[] = []
  let looked = 0
  while (looked < candidates.length && edges.length < first) {
    const some = candidates.slice(looked, looked + first)
    const shown = await showOf(feed, some)
    for (const [index, { cursor }] of some.entries()) {
      if (edges.length === first) break
      const node = shown[index] ?? null
      if (node !== null) edges.push({ cursor, node })
      looked += 1
    }
  }
  const caughtUp = looked === candidates.length && candidates.length < limit
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: !caughtUp,
      hasPreviousPage: after !== null && after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: caughtUp ? encodePlace({ epoch, position: head }) : (candidates[looked - 1]?.cursor ?? null),
    },
  }
}

/**
 * The log as a subscription: what was missed behind `after` first, then what happens, without a gap, a repeat or a change of order;
 * without `after` from now on. Ends when `signal` is aborted. While the database is away it waits.
 * @throws NOT_FOUND, STALE_CURSOR, FORBIDDEN at any step; SUBGRAPH_UNAVAILABLE when the process stops: the cursor goes on elsewhere
 */
export async function* eventStream<Shown>(
  { events, live, log }: Pick<Deps, 'events' | 'live' | 'log'>,
  feed: Feed<Shown>,
  { after, signal }: { readonly after: string | null | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Shown, void, undefined> {
  const { standing } = feed
  const waiting = { signal, log, again: isDatabaseAway }
  // The place first and the look second: what is changed in between comes as an event.
  let place = await events.place(after)
  if (standing && (await standing()) !== 'SEEN') throw notFound()

  const watch = watchStanding(standing)
  try {
    const source = live.stretches(feed.topics, encodePlace(place), AbortSignal.any([signal, watch.ended]))
    for await (const stretch of source) {
      for (let rest = stretch; rest.length > 0; ) {
        const some = rest.slice(0, LOOK_AT_ONCE)
        // Asked in one moment, so that those of all subscribers go into one look-up.
        const looked = await persistently(() => Promise.all([showOf(feed, some), watch.look()]), waiting)
        if (!looked) return
        const freshUntil = performance.now() + LOOK_LASTS_MS
        let taken = 0
        for (const shown of looked[0]) {
          // Who reads slowly is asked for anew.
          if (taken > 0 && performance.now() > freshUntil) break
          taken += 1
          if (shown !== null) yield shown
          if (signal.aborted) return
        }
        place = { ...place, position: some[taken - 1]?.position ?? place.position }
        if (watch.ended.aborted) break
        rest = rest.slice(taken)
      }
      if (watch.ended.aborted) break
    }
    if (signal.aborted) return
    const lost = watch.lost()
    if (lost === null) throw subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
    yield* restOf(events, feed, place, waiting)
    if (lost === 'HIDDEN') throw forbidden('You may no longer see this.')
  } finally {
    watch.stop()
  }
}

/** What is left when the end is known: up to where the log stands, with what was committed until now. */
async function* restOf<Shown>(
  events: Deps['events'],
  feed: Feed<Shown>,
  from: Place,
  waiting: Parameters<typeof persistently>[1],
): AsyncGenerator<Shown, void, undefined> {
  // A round that is running may have begun before the commit that is waited for; the next one has not.
  await events.settle()
  await events.settle()
  for (let place = from, more = true; more; ) {
    const stretch = await persistently(() => events.read(place, feed.topics, STRETCH), waiting)
    const shown = stretch && (await persistently(() => showOf(feed, stretch.events), waiting))
    if (!shown) return
    for (const one of shown) if (one !== null) yield one
    place = { ...place, position: stretch.events.at(-1)?.position ?? place.position }
    more = stretch.events.length === STRETCH
  }
}

/** Asks every 30 s, and whenever it is told to, whether the thing of a feed is still seen; `ended` is aborted once it is not. */
function watchStanding(standing: Feed<unknown>['standing']) {
  const ended = new AbortController()
  let lost: Exclude<Standing, 'SEEN'> | null = null
  let failure: unknown = null
  const look = async () => {
    const now = standing ? await standing() : 'SEEN'
    if (now === 'SEEN') return
    lost = now
    ended.abort()
  }
  const timer = standing && setInterval(() => look().catch(failed), CHECK_EVERY_MS).unref()
  const failed = (error: unknown) => {
    // The next look tells, unless it was the caller that failed: nobody any more, or without a proof of who they are.
    if (isDatabaseAway(error)) return
    failure = error
    ended.abort()
  }
  return {
    ended: ended.signal,
    look,
    /** What it has come to; null while the thing is seen. */
    lost(): Exclude<Standing, 'SEEN'> | null {
      if (failure !== null) throw failure
      return lost
    },
    stop: () => clearInterval(timer),
  }
}

/** Those that a feed is about, as it shows them; null in place of all others. */
async function showOf<Shown>(feed: Feed<Shown>, events: readonly LogEvent[]): Promise<readonly (Shown | null)[]> {
  const matching = events.filter((event) => feed.matches(event))
  const shown = matching.length > 0 ? await feed.show(matching) : []
  const byEvent = new Map(matching.map((event, index) => [event, shown[index] ?? null]))
  return events.map((event) => byEvent.get(event) ?? null)
}
