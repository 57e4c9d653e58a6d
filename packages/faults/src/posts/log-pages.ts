import { decodePlace } from '@ashlar/kit/events/cursor'
import { ask } from '../client.js'
import type { Logged } from './compare.js'
import type { EventType } from './written-post.js'

const PAGE = `query ($after: String!) {
  postEvents(after: $after, first: 100) { nodes { __typename cursor postId } pageInfo { hasNextPage endCursor } }
}`

interface Page {
  readonly postEvents: {
    readonly nodes: readonly { readonly __typename: EventType; readonly cursor: string; readonly postId: string }[]
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string }
  }
}

/** The log behind a cursor to its end, in pages, as somebody who sees all. @throws Error where it is not answered */
export async function readLog(url: string, token: string, from: string): Promise<{ readonly events: Logged[]; readonly cursor: string }> {
  const events: Logged[] = []
  let cursor = from
  for (let more = true; more; ) {
    const { data, words } = await ask<Page>(url, PAGE, { after: cursor }, { token })
    if (!data) throw new Error(`the log could not be read: ${words}`)
    const { nodes, pageInfo } = data.postEvents
    for (const { __typename: type, cursor: at, postId } of nodes) events.push({ position: decodePlace(at).position, type, postId })
    ;({ hasNextPage: more, endCursor: cursor } = pageInfo)
  }
  return { events, cursor }
}
