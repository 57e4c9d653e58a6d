import { Checks } from '@ashlar/kit/checks'
import { badUserInput } from '@ashlar/kit/errors'
import { decodeId } from '@ashlar/kit/ids'
import { checkText } from '@ashlar/kit/text'
import type { PostEventFilter, PostFilter, PostOrder } from './generated/graphql.js'
import { checkKind, checkTags } from './inputs.js'
import type { PostStatus } from './models.js'

const SEARCH_MAX = 200

/** Which posts, in what order. Null does not filter. */
export interface Choice {
  readonly orderBy: PostOrder
  readonly status: PostStatus
  readonly authorId: string | null
  readonly kind: string | null
  readonly fromFeed: boolean | null
  readonly search: string | null
  readonly publishedAfter: Date | null
  readonly publishedBefore: Date | null
  readonly updatedAfter: Date | null
}

/** The filter and order of `posts` as the service takes them. @throws BAD_USER_INPUT with every issue */
export function readChoice(filter: PostFilter | null | undefined, orderBy: PostOrder): Choice {
  const { authorId, kind, tag, search, status, fromFeed, publishedAfter, publishedBefore, updatedAfter } = filter ?? {}
  const checks = new Checks()
  checks.run(() => checkTags(tag === null || tag === undefined ? null : [tag], ['filter', 'tag']))
  checks.run(() => {
    if (orderBy === 'RELEVANCE' && !search) throw badUserInput(['orderBy'], 'RELEVANCE goes with a search')
  })
  return checks.pass({
    orderBy,
    status: status ?? 'PUBLISHED',
    authorId: checks.run(() => (authorId ? decodeId('user', authorId, ['filter', 'authorId']) : null)),
    kind: checks.run(() => (typeof kind === 'string' ? checkKind(kind, ['filter', 'kind']) : null)),
    fromFeed: fromFeed ?? null,
    search: checks.run(() =>
      typeof search === 'string' ? checkText(search, { path: ['filter', 'search'], max: SEARCH_MAX, min: 1 }) : null,
    ),
    publishedAfter: publishedAfter ?? null,
    publishedBefore: publishedBefore ?? null,
    updatedAfter: updatedAfter ?? null,
  })
}

/** Which events of posts. Null does not filter. */
export interface EventChoice {
  readonly postId: string | null
  readonly authorId: string | null
  readonly kind: string | null
}

/** The filter of `postEvents` as the service takes it. @throws BAD_USER_INPUT with every issue */
export function readEventChoice(filter: PostEventFilter | null | undefined): EventChoice {
  const { postId, authorId, kind } = filter ?? {}
  const checks = new Checks()
  return checks.pass({
    postId: checks.run(() => (typeof postId === 'string' ? decodeId('post', postId, ['filter', 'postId']) : null)),
    authorId: checks.run(() => (typeof authorId === 'string' ? decodeId('user', authorId, ['filter', 'authorId']) : null)),
    kind: checks.run(() => (typeof kind === 'string' ? checkKind(kind, ['filter', 'kind']) : null)),
  })
}
