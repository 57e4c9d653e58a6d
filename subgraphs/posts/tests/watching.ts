import type { Asking } from '@ashlar/kit/caller'
import type { Following, TestSockets } from '@ashlar/kit/testing/test-sockets'
import type { Client } from 'graphql-ws'
import type { PostsTest } from './writing.js'

/** An event as the tests read it. */
export interface Told {
  readonly __typename: 'PostPublished' | 'PostChanged' | 'PostRemoved'
  readonly cursor: string
  readonly at: string
  readonly postId: string
  readonly slug: string
  readonly post: { readonly id: string; readonly title: string; readonly status: string; readonly revision: number } | null
}

export interface Page {
  readonly nodes: readonly Told[]
  readonly edges: readonly { readonly cursor: string }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string
  }
}

type Filter = Readonly<Record<string, string | null>>

const EVENT = '__typename cursor at postId slug post { id title status revision }'
const PAGE = `query ($filter: PostEventFilter, $after: String!, $first: Int!) { postEvents(filter: $filter, after: $after, first: $first) {
  nodes { ${EVENT} } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
const STREAM = `subscription ($filter: PostEventFilter, $after: String) { postEvents(filter: $filter, after: $after) { ${EVENT} } }`

/** Where the log stands, with all that has been committed. */
export async function cursorNow(test: PostsTest): Promise<string> {
  await settled(test)
  return (await test.data<{ postEventCursor: string }>('{ postEventCursor }')).postEventCursor
}

/** Once every event has its position. */
export async function settled(test: PostsTest): Promise<void> {
  await test.database.service('posts').query('select position_events(100000)')
}

export const pageOf = async (
  test: PostsTest,
  after: string,
  { filter = {}, first = 100, asking }: { filter?: Filter; first?: number; asking?: Asking } = {},
) => (await test.data<{ postEvents: Page | null }>(PAGE, { filter, after, first }, asking)).postEvents

/** All that has happened behind a cursor, in pages. */
export async function toldSince(test: PostsTest, after: string, filter: Filter = {}, asking?: Asking): Promise<readonly Told[]> {
  await settled(test)
  const all: Told[] = []
  for (let from = after; ; ) {
    const page = await pageOf(test, from, { filter, ...(asking && { asking }) })
    if (!page) return all
    all.push(...page.nodes)
    if (!page.pageInfo.hasNextPage) return all
    from = page.pageInfo.endCursor
  }
}

export const watch = (
  sockets: TestSockets,
  { filter = {}, after = null, as }: { filter?: Filter; after?: string | null; as?: Client | Asking } = {},
): Following<{ postEvents: Told }> => sockets.follow(STREAM, { filter, after }, as)

/** What a subscription has brought, without its errors. */
export const told = ({ answers }: Following<{ postEvents: Told }>): Told[] => answers.flatMap(({ data }) => (data ? [data.postEvents] : []))

export const kindsOf = (events: readonly Told[]): string[] => events.map(({ __typename }) => __typename)
