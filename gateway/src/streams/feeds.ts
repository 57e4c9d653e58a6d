import { type Asking, nobody } from '@ashlar/kit/caller'
import type { Logger } from '@ashlar/kit/log'
import type { GraphQLError, GraphQLFormattedError } from 'graphql'
import { viewerOf } from '../sharing/viewer.js'
import type { Telemetry } from '../telemetry/telemetry.js'
import { Feed, type Member } from './feed.js'
import { eventsKey, type LiveOperation } from './live-operation.js'
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

const CHECK_EVERY_MS = 30_000
/** Where all get the same, it is asked and carried out as nobody: what not everybody may see can't be in it. */
const EVERYBODY: Asking = nobody({ id: 'live' })

/** All that is followed through one gateway. Those who follow the same share a feed, wherever the schema says that they may. */
export class Feeds {
  private readonly groups = new Map<string, Group>()
  private readonly alone = new Set<Feed>()
  private readonly at = new WeakMap<Member, Feed>()
  private readonly checking: NodeJS.Timeout

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
    const { sharesEvents, differsByViewer } = operation.live
    if (!sharesEvents) this.enter(member, this.open(operation, after, null))
    else this.enterGroup(member, operation, after, !differsByViewer)
    return { stop: () => this.leave(member) }
  }

  /** Has everything that is followed go on with another version of the graph, as far as it can. */
  async switchVersion(): Promise<void> {
    for (const feed of this.feeds()) {
      const [member] = feed.members
      if (!member) continue
      try {
        const operation = await member.prepare()
        if (!feed.ended) feed.switchTo(operation)
      } catch (error) {
        for (const each of [...feed.members]) feed.refuse(each, error)
      }
    }
  }

  /** Asks for all whether they may still follow what they do. */
  async recheck(): Promise<void> {
    for (const feed of this.feeds()) await feed.recheck()
  }

  /** Sends everybody away to come back. */
  close(): void {
    clearInterval(this.checking)
    for (const feed of this.feeds()) feed.comeBack()
  }

  private feeds(): readonly Feed[] {
    return [...this.alone, ...[...this.groups.values()].flatMap(({ feeds }) => [...feeds])]
  }

  private enterGroup(member: Member, operation: LiveOperation, after: unknown, forEverybody: boolean): void {
    const group = this.groupOf(forEverybody ? '' : viewerOf(member.listener.asking()).key, operation)
    const fromNow = after === null || after === undefined
    const known = fromNow ? group.live : group.standing.get(after)
    const feed = known && !known.ended ? known : this.open(operation, after, group, forEverybody)
    if (fromNow) group.live = feed
    this.enter(member, feed)
  }

  private groupOf(viewer: string, operation: LiveOperation): Group {
    const key = `${viewer} ${eventsKey(operation)}`
    const known = this.groups.get(key)
    if (known) return known
    const group: Group = { key, live: null, standing: new Map(), feeds: new Set() }
    this.groups.set(key, group)
    return group
  }

  private open(operation: LiveOperation, after: unknown, group: Group | null, forEverybody = false): Feed {
    const feed: Feed = new Feed(operation, after ?? null, {
      ...this.options,
      everybody: forEverybody ? EVERYBODY : null,
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
    feed.members.add(member)
    this.at.set(member, feed)
  }

  private leave(member: Member): void {
    this.at.get(member)?.remove(member)
  }

  /** Two feeds that stand behind the same event bring the same from here on: those of the smaller one join the other. */
  private settle(group: Group, feed: Feed, before: unknown): void {
    if (group.standing.get(before) === feed) group.standing.delete(before)
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
      this.enterGroup(member, operation, cursor, false)
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
