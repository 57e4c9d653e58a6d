import type { Caller } from '@ashlar/kit/caller'
import type { Config } from '@ashlar/kit/config'
import { forbidden, notFound } from '@ashlar/kit/errors'
import type { Post } from './models.js'

const MODERATE = 'posts:moderate'

type Owned = Pick<Post, 'authorId' | 'status'>

export const isModerator = (caller: Caller): boolean => caller.may(MODERATE)

/** Its author and moderators. */
export const canEdit = (caller: Caller, { authorId }: Owned): boolean =>
  isModerator(caller) || (authorId !== null && authorId === caller.userId)

/** Everyone, once it is published. */
export const canSee = (caller: Caller, post: Owned): boolean => post.status === 'PUBLISHED' || canEdit(caller, post)

/** The post, if the caller may change it. @throws NOT_FOUND for what is not there and what is hidden alike; FORBIDDEN */
export function editable<Found extends Owned>(caller: Caller, post: Found | null | undefined): Found {
  if (!post || !canSee(caller, post)) throw notFound()
  if (!canEdit(caller, post)) throw forbidden()
  return post
}

/** As whom the caller writes something of their own. @throws FORBIDDEN for a credential that does not open their posts */
export function authorOf({ userId }: Caller): string {
  if (userId === null) throw forbidden('This credential does not write posts of its own.')
  return userId
}

/** With AUTHORS=everyone whoever may write, guests too. @throws FORBIDDEN */
export function checkMayPublish(caller: Caller, { authors }: Pick<Config, 'authors'>): void {
  if (authors === 'moderators' && !isModerator(caller)) throw forbidden('On this instance moderators publish.')
}
