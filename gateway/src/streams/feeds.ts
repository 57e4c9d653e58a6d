import { setImmediate as turn } from 'node:timers/promises'
import { type Asking, nobody } from '@ashlar/kit/caller'
import type { Logger } from '@ashlar/kit/log'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import { viewerOf } from '../sharing/viewer.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { Feed, type Member } from './feed.js'
import { eventsKey, type LiveOperation } from './live-operation.js'
import { RootRefused } from './prepare-live.js'
import type { Stream } from './stream.js'

export interface FeedsOptions {
  readonly log: Logger
  readonly telemetry: Telemetry
  readonly present: (error: GraphQLError) => GraphQLFormattedError
}

/** Feeds of the same events for the same eyes. */
interface Group {
  readonly key: string
  /** The one that began with what happens from now on, for whoever wants just that. */
  live: Feed | null
  /** By the cursor that they stand behind: two that stand behind the same are one. */
  readonly standing: Map<unknown, Feed>
  readonly feeds: Set<Feed>
}

/** Which feed somebody belongs to. */
interface Where {
  readonly key: string
  readonly shared: boolean
  readonly forEverybody: boolean
}

const CHECK_EVERY_MS = 30_000
const LOOKS_AT_ONCE = 50
/** Where all get the same, it is asked and carried out as nobody: what not everybody may see can't be in it. */
const EVERYBODY: Asking = nobody({ id: 'live' })

/** All that is followed through one gateway. Those who follow the same share a feed, wherever the schema says that they may. */
export class Feeds {
  private readonly groups = new Map<string, Group>()
  private readonly alone = new Set<Feed>()
  private readonly at = new WeakMap<Member, Feed>()
  private readonly checking: NodeJS.Timeout
  private rechecking = false
  private looked = 0

  constructor(private readonly options: FeedsOptions) {
    this.checking = setInterval(() => void this.recheck(), CHECK_EVERY_MS).unref()
  }

  /** How many are followed at their owners, and by how many. */
  get counts(): { readonly feeds: number; readonly members: number } {
    const feeds = this.feeds()
    return { feeds: feeds.length, members: feeds.reduce((sum, { members }) => sum + members.size, 0) }
  }

  /** @param after behind which event it begins; null or undefined: with what happens from now on */
  follow(member: Member, operation: LiveOperation, after: unknown): Stream {
    this.enterWhere(this.whereOf(member, operation), member, operation, after)
    return { stop: () => this.leave(member) }
  }

  /** Has everything that is followed go on with another version of the graph, as far as it can. */
  async switchVersion(): Promise<void> {
    for (const feed of this.feeds()) await this.renew(feed)
  }

  /** Asks for all whether they may still follow what they do. */
  async recheck(): Promise<void> {
    if (this.rechecking) return
    this.rechecking = true
    for (const feed of this.feeds()) await this.renew(feed)
    this.rechecking = false
  }

  /** Sends everybody away to come back. */
  close(): void {
    clearInterval(this.checking)
    for (const feed of this.feeds()) feed.comeBack()
  }

  private feeds(): readonly Feed[] {
    return [...this.alone, ...[...this.groups.values()].flatMap(({ feeds }) => [...feeds])]
  }

  /** Asks for each of a feed who they are now, and what they may have by the graph as it is. */
  private async renew(feed: Feed): Promise<void> {
    let kept: LiveOperation | null = null
    for (const member of [...feed.members]) {
      this.looked += 1
      // Everybody else has their turn in between: nothing in here waits for anything but promises that are kept already.
      if (this.looked % LOOKS_AT_ONCE === 0) await turn()
      try {
        member.listener.asking()
        const operation = await member.prepare()
        if (!feed.members.has(member)) continue
        const where = this.whereOf(member, operation, feed.isPersonal)
        if (where.key === feed.key) kept = operation
        else {
          const { cursor } = feed
          feed.remove(member)
          this.enterWhere(where, member, operation, cursor)
        }
      } catch (error) {
        // What may pass is no reason to end what runs: the next look tells.
        if (isVerdict(error)) feed.refuse(member, error)
        else this.options.log.warn({ err: error }, 'a subscription could not be looked at; it goes on as it was')
      }
    }
    if (kept && !feed.ended) feed.switchTo(kept)
  }

  /** @param isPersonal whether everybody has been refused, so that it is each person's own */
  private whereOf(member: Member, operation: LiveOperation, isPersonal = false): Where {
    const { sharesEvents, differsByViewer } = operation.live
    const forEverybody = sharesEvents && !differsByViewer && !isPersonal
    const viewer = forEverybody ? '' : viewerOf(member.listener.asking()).key
    return { key: JSON.stringify([sharesEvents, viewer, eventsKey(operation)]), shared: sharesEvents, forEverybody }
  }

  private enterWhere(where: Where, member: Member, operation: LiveOperation, after: unknown): void {
    if (!where.shared) {
      this.enter(member, this.open(where, operation, after, null))
      return
    }
    const group = this.groupOf(where.key)
    const fromNow = after === null || after === undefined
    const known = fromNow ? group.live : group.standing.get(after)
    const feed = known && !known.ended ? known : this.open(where, operation, after, group)
    if (fromNow) group.live = feed
    this.enter(member, feed)
  }

  private groupOf(key: string): Group {
    const known = this.groups.get(key)
    if (known) return known
    const group: Group = { key, live: null, standing: new Map(), feeds: new Set() }
    this.groups.set(key, group)
    return group
  }

  private open({ key, shared, forEverybody }: Where, operation: LiveOperation, after: unknown, group: Group | null): Feed {
    const { sharesEvents, differsByViewer } = operation.live
    const feed: Feed = new Feed(operation, after ?? null, {
      ...this.options,
      key,
      isPersonal: shared && sharesEvents && !differsByViewer && !forEverybody,
      everybody: forEverybody ? EVERYBODY : null,
      onOthers: () => this.renew(feed),
      onMoved: (_, before) => group && this.settle(group, feed, before),
      onEnded: () => this.forget(group, feed),
      onRefused: (_, member) => this.takeElsewhere(member, feed),
    })
    if (!group) this.alone.add(feed)
    else {
      group.feeds.add(feed)
      if (feed.cursor !== null) group.standing.set(feed.cursor, feed)
    }
    return feed
  }

  private enter(member: Member, feed: Feed): void {
    feed.add(member)
    this.at.set(member, feed)
  }

  private leave(member: Member): void {
    this.at.get(member)?.remove(member)
  }

  /** Two feeds that stand behind the same event bring the same from here on: those of the smaller one join the other. */
  private settle(group: Group, feed: Feed, before: unknown): void {
    if (group.standing.get(before) === feed) group.standing.delete(before)
    if (feed.ended) return
    const other = group.standing.get(feed.cursor)
    if (!other || other === feed || other.ended) {
      group.standing.set(feed.cursor, feed)
      return
    }
    const [small, large] = other.members.size < feed.members.size ? [other, feed] : [feed, other]
    group.standing.set(large.cursor, large)
    if (group.live === small) group.live = large
    for (const member of [...small.members]) {
      this.enter(member, large)
      small.remove(member)
    }
  }

  /** What everybody may not see, a person may: then it is a feed of their own. */
  private takeElsewhere(member: Member, { operation, cursor }: Feed): boolean {
    try {
      if (member.listener.asking().identity === null) return false
      this.enterWhere(this.whereOf(member, operation, true), member, operation, cursor)
      return true
    } catch {
      // Nobody any more: told the same as everybody.
      return false
    }
  }

  private forget(group: Group | null, feed: Feed): void {
    this.alone.delete(feed)
    if (!group) return
    group.feeds.delete(feed)
    if (group.live === feed) group.live = null
    if (group.standing.get(feed.cursor) === feed) group.standing.delete(feed.cursor)
    if (group.feeds.size === 0) this.groups.delete(group.key)
  }
}

const VERDICTS = new Set<unknown>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'TOO_COMPLEX',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
])

/** Whether it says that something can't be followed any more, rather than that nobody can tell now. */
const isVerdict = (error: unknown): boolean =>
  error instanceof RootRefused || (error instanceof GraphQLError && VERDICTS.has(error.extensions.code))
