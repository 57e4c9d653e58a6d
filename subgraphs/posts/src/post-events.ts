import type { Caller } from '@ashlar/kit/caller'
import type { Deps } from '@ashlar/kit/deps'
import type { LogEvent } from '@ashlar/kit/events/event-log'
import { type EventPageArgs, eventPage, eventStream, type Feed } from '@ashlar/kit/events/event-pages'
import { latestById } from '@ashlar/kit/loaders'
import { canSee } from './access.js'
import { type PostEventData, type PostEventType, topicOf } from './events.js'
import type { EventChoice } from './filters.js'
import type { Post, PostEvent, PostEventConnection } from './models.js'
import { POSTS_BY_ID } from './sql/posts.js'

const SHOWN_AS: Readonly<Record<PostEventType, PostEvent['type']>> = {
  'post.published': 'PostPublished',
  'post.changed': 'PostChanged',
  'post.unpublished': 'PostRemoved',
  'post.deleted': 'PostRemoved',
}

/** What happens to published posts, as subscribers and pages see it. */
export class PostEvents {
  /** The rows that permissions are asked of: for all who get an event at once, in one statement. */
  private readonly rows = latestById<Post>((ids) => this.deps.db.query<Post>(POSTS_BY_ID, [ids]))

  constructor(private readonly deps: Pick<Deps, 'db' | 'events' | 'live' | 'log'>) {}

  /** Where the log stands now. */
  cursor(): Promise<string> {
    return this.deps.events.cursor()
  }

  /** Null for the events of a post that is not there or hidden. @throws BAD_USER_INPUT; STALE_CURSOR */
  page(caller: Caller, choice: EventChoice, page: EventPageArgs): Promise<PostEventConnection | null> {
    return eventPage(
      this.deps,
      this.feed(() => caller, choice),
      page,
    )
  }

  /** @throws NOT_FOUND; FORBIDDEN; STALE_CURSOR */
  stream(
    callerNow: () => Caller,
    choice: EventChoice,
    from: { readonly after: string | null | undefined; readonly signal: AbortSignal },
  ): AsyncGenerator<PostEvent, void, undefined> {
    return eventStream(this.deps, this.feed(callerNow, choice), from)
  }

  private feed(callerNow: () => Caller, choice: EventChoice): Feed<PostEvent> {
    const { postId } = choice
    return {
      topics: postId === null ? null : [topicOf(postId)],
      matches: (event) => isChosen(choice, event),
      show: async (events) => {
        const caller = callerNow()
        const posts = await Promise.all(events.map((event) => this.rows.load(dataOf(event).postId)))
        return events.map((event, index) => shown(caller, event, posts[index] ?? null))
      },
      ...(postId !== null && {
        standing: async () => {
          const post = await this.rows.load(postId)
          if (!post) return 'GONE'
          return canSee(callerNow(), post) ? 'SEEN' : 'HIDDEN'
        },
      }),
    }
  }
}

const dataOf = ({ data }: LogEvent): PostEventData => data as unknown as PostEventData

function isChosen({ postId, authorId, kind }: EventChoice, event: LogEvent): boolean {
  const data = dataOf(event)
  if (!(event.type in SHOWN_AS) || data.wasPublished === false) return false
  if (postId !== null && data.postId !== postId) return false
  if (authorId !== null && data.authorId !== authorId) return false
  // Who follows a kind must hear of what leaves it.
  return kind === null || data.kind === kind || data.formerKind === kind
}

/** An event with the post as it is now; null where the post is hidden and the event does not say just that. */
function shown(caller: Caller, event: LogEvent, post: Post | null): PostEvent | null {
  const type = SHOWN_AS[event.type as PostEventType]
  const visible = post !== null && canSee(caller, post)
  if (post && !visible && type !== 'PostRemoved') return null
  const { postId, slug } = dataOf(event)
  return { type, cursor: event.cursor, at: event.at, postId, slug, post: visible ? post : null }
}
