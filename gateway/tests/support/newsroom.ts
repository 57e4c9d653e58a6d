import { type Asking, nobody } from '@ashlar/kit/caller'
import { forbidden, notFound, staleCursor, subgraphUnavailable } from '@ashlar/kit/errors'
import type { Listener, StreamAnswer, StreamSink } from '../../src/streams/stream.js'
import { IDENTITY } from './running-gateway.js'
import { type Following, type TestSubgraph, testSubgraph } from './subgraphs.js'

interface NewsEvent {
  readonly cursor: string
  readonly title: string
  readonly author: { readonly id: string }
}

interface Opening {
  readonly after: string | null
  readonly asking: Asking
  readonly signal: AbortSignal
}

/** A log of news and a service of people, for tests of what is followed. */
export interface Newsroom {
  readonly news: TestSubgraph
  readonly people: TestSubgraph
  /** Each time that the log was followed, and how. */
  readonly openings: Opening[]
  /** How many follow it now. */
  readonly following: number
  /** How many events were taken from the log, by all who follow it. */
  readonly taken: number
  publish(title?: string): string
  /** Where the log stands. */
  readonly cursor: string
  /** Breaks every connection in the middle. */
  cut(): void
  /** Says to all that the service stops. */
  goAway(): void
  /** Says that there will be no more. */
  finish(): void
  /** Forgets all that was, for the next test. */
  reset(): void
}

const sdlOf = (guard: string) => `
  type Query { headline: String }
  type Mutation { rename(title: String!): String }
  type Subscription {
    news(after: String, desk: String): NewsEvent! @sharedEvents ${guard}
    mine(after: String): NewsEvent!
    own(after: String): NewsEvent! @authenticated
    ticks(count: Int! = 2): Int!
  }
  interface NewsEvent { cursor: String! title: String! author: Person viewerLikes: Boolean @perViewer notes: String }
  type Published implements NewsEvent { cursor: String! title: String! author: Person viewerLikes: Boolean @perViewer notes: String @requiresScopes(scopes: [["posts:moderate"]]) }
  type Person @key(fields: "id") { id: ID! }
`

/** @param guard what else the schema says of `Subscription.news` */
export function newsroom(guard = ''): Newsroom {
  const log: NewsEvent[] = []
  const openings: Opening[] = []
  const waiting = new Set<() => void>()
  let era = 0
  let taken = 0
  let following = 0
  let end: 'cut' | 'away' | 'finish' | null = null
  const stir = () => {
    for (const wake of [...waiting]) wake()
  }
  const finish = (how: typeof end) => {
    end = how
    era += 1
    stir()
  }

  async function* follow(after: string | null, { askingNow, signal, ...asking }: Following): AsyncGenerator<NewsEvent, void, undefined> {
    openings.push({ after, asking, signal })
    if (after === 'stale') throw staleCursor()
    const begun = era
    following += 1
    try {
      let at = after === null ? log.length : Number(after.slice(1))
      while (!signal.aborted) {
        if (era !== begun) {
          if (end === 'cut') throw new Error('the connection was cut')
          if (end === 'away') throw subgraphUnavailable()
          return
        }
        const event = log[at]
        if (event) {
          askingNow()
          at += 1
          taken += 1
          yield event
        } else
          await new Promise<void>((resolve) => {
            const wake = () => {
              waiting.delete(wake)
              signal.removeEventListener('abort', wake)
              resolve()
            }
            waiting.add(wake)
            signal.addEventListener('abort', wake)
          })
      }
    } finally {
      following -= 1
    }
  }

  async function* tick(count: number): AsyncGenerator<number, void, undefined> {
    for (let at = 1; at <= count; at += 1) yield at
  }

  const event = (value: unknown) => value
  const news = testSubgraph({
    name: 'news',
    sdl: sdlOf(guard),
    resolvers: {
      Query: { headline: () => log.at(-1)?.title ?? null },
      Mutation: { rename: (_: unknown, { title }: { title: string }) => title },
      Subscription: {
        news: {
          subscribe: (_: unknown, { after, desk }: { after?: string | null; desk?: string | null }, context: Following) => {
            if (desk === 'secret' && context.identity?.userId !== IDENTITY.userId) throw notFound()
            if (desk === 'closed') throw forbidden()
            return follow(after ?? null, context)
          },
          resolve: event,
        },
        mine: {
          subscribe: (_: unknown, { after }: { after?: string | null }, context: Following) => follow(after ?? null, context),
          resolve: event,
        },
        own: {
          subscribe: (_: unknown, { after }: { after?: string | null }, context: Following) => follow(after ?? null, context),
          resolve: event,
        },
        ticks: { subscribe: (_: unknown, { count }: { count: number }) => tick(count), resolve: event },
      },
      NewsEvent: { __resolveType: () => 'Published' },
      Published: {
        notes: () => 'for the desk',
        viewerLikes: (_: unknown, __: unknown, { identity }: Asking) => identity !== null,
      },
    },
  })
  const people = testSubgraph({
    name: 'people',
    sdl: 'type Query { persons: Int } type Person @key(fields: "id") { id: ID! name: String }',
    resolvers: { Person: { __resolveReference: (person: object) => person, name: ({ id }: { id: string }) => `person ${id}` } },
  })

  return {
    news,
    people,
    openings,
    get following() {
      return following
    },
    get cursor() {
      return `c${log.length}`
    },
    get taken() {
      return taken
    },
    publish(title = `news ${log.length + 1}`) {
      const cursor = `c${log.length + 1}`
      log.push({ cursor, title, author: { id: String(log.length + 1) } })
      stir()
      return cursor
    },
    cut: () => finish('cut'),
    goAway: () => finish('away'),
    finish: () => finish('finish'),
    reset() {
      log.length = 0
      openings.length = 0
      taken = 0
      news.calls.length = 0
      people.calls.length = 0
    },
  }
}

export interface Heard {
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever they have asked for
  readonly answers: any[]
  readonly cursors: (string | null)[]
  readonly ended: 'complete' | 'come back' | null
  readonly sink: StreamSink
  /** What `next` says of the room that there is, until it is called. */
  hold(): () => void
}

/** A client that remembers what it hears. */
export function hearing(): Heard {
  const answers: unknown[] = []
  const cursors: (string | null)[] = []
  let ended: Heard['ended'] = null
  let room: Promise<void> | undefined
  return {
    answers,
    cursors,
    get ended() {
      return ended
    },
    hold() {
      let release = () => {}
      room = new Promise((resolve) => {
        release = () => {
          room = undefined
          resolve()
        }
      })
      return release
    },
    sink: {
      next({ text, cursor }: StreamAnswer) {
        if (ended) throw new Error('told more after the end')
        answers.push(JSON.parse(text))
        cursors.push(cursor)
        return room
      },
      complete() {
        if (ended) throw new Error('ended twice')
        ended = 'complete'
      },
      comeBack() {
        if (ended) throw new Error('ended twice')
        ended = 'come back'
      },
    },
  }
}

/** Somebody who listens: nobody, unless said otherwise. */
export const listenerOf = (identity: Asking['identity'] = null, more: Partial<Listener> = {}): Listener => ({
  asking: () => ({ ...nobody({ id: 'test' }), identity }),
  refused: null,
  ...more,
})
