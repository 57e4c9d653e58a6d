import type { FaultsFound } from '../faults-found.js'
import type { Received } from './subscriber.js'
import type { WrittenPost } from './written-post.js'

/** An event as the log has it. */
export type Logged = Received

/** Says what of a stretch of the log is not as acknowledged: each post has its events, in their order, and no other. */
export function compareLog(logged: readonly Logged[], posts: ReadonlyMap<string, WrittenPost>, found: FaultsFound): void {
  let last = -1
  for (const { position, type, postId } of logged) {
    if (position <= last) found.add('OUT_OF_ORDER', `the log has position ${position} behind ${last}`)
    last = position
    const post = posts.get(postId)
    if (!post) {
      found.add('DOUBLED', `the log has ${type} of ${postId} at ${position}, which nobody was told of`)
      continue
    }
    if (post.unsure) continue
    const expected = post.events[post.found]
    if (expected === type) post.found += 1
    else if (expected === undefined)
      found.add('DOUBLED', `the log has ${type} of ${post.key} at ${position}, after all that was acknowledged`)
    else {
      found.add('OUT_OF_ORDER', `the log has ${type} of ${post.key} at ${position}, where ${expected} was acknowledged`)
      post.found += 1
    }
  }
}

/** Which posts' events are not all in the log yet. */
export const waitsFor = (posts: Iterable<WrittenPost>): WrittenPost[] =>
  [...posts].filter(({ events, found, unsure }) => !unsure && found < events.length)

/** Says what somebody got other than what the log has for them. */
export function compareReceived(name: string, received: readonly Received[], expected: readonly Logged[], found: FaultsFound): void {
  const got = new Map(received.map((event) => [event.position, event]))
  for (const { position, type, postId } of expected) {
    const event = got.get(position)
    got.delete(position)
    if (!event) found.add('LOST', `${name} did not get ${type} of ${postId} at ${position}`)
    else if (event.type !== type || event.postId !== postId)
      found.add('CHANGED', `${name} got ${event.type} of ${event.postId} at ${position}, where the log has ${type} of ${postId}`)
  }
  for (const { position, type, postId } of got.values())
    found.add('DOUBLED', `${name} got ${type} of ${postId} at ${position}, which the log does not have for them`)
}
