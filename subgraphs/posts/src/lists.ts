import type { ServiceDatabase } from '@ashlar/database/service-database'
import type { Caller } from '@ashlar/kit/caller'
import { type Connection, type Key, type List, type PageArgs, pageOf, pagesByParent } from '@ashlar/kit/paging'
import { isModerator } from './access.js'
import type { Choice } from './filters.js'
import type { Post, PostStatus } from './models.js'
import { queryAt, rankBy, searchQuery } from './search.js'
import { COUNT_BY_AUTHOR } from './sql/lists.js'
import { POST } from './sql/posts.js'

const PUBLISHED = "post.status = 'PUBLISHED'"
const AUTHOR: Key = { sql: 'post.author_id', type: 'uuid' }
const KIND: Key = { sql: 'post.kind', type: 'text' }
const ID: Key = { sql: 'post.id', type: 'uuid' }
const time = (column: string): Key => ({ sql: column, type: 'timestamptz' })
const descending = (...keys: readonly Key[]): readonly Key[] => keys.map((key) => ({ ...key, descending: true }))

/**
 * A condition that a column has one value, for a list in the order of that column and others: with an equals sign the planner drops the
 * column from the order, and may then walk through everybody's posts for those of somebody who has none.
 */
const only = ({ sql }: Key, value: string): string => `${sql} >= ${value} and ${sql} <= ${value}`

/** The posts that meet a condition, found by its own index: without the fence the planner may walk along the order, looking for the rare. */
const fenced = (condition: string): string => `(select * from post where ${condition} offset 0) post`

/** The lists of posts, each by keyset along an index of its own. */
export class Lists {
  constructor(private readonly db: ServiceDatabase) {}

  /** Published posts; drafts and scheduled ones of the caller's own, or anybody's for moderators. @throws BAD_USER_INPUT */
  chosen(caller: Caller, choice: Choice, page: PageArgs): Promise<Connection<Post>> {
    return pageOf<Post>(this.db, { ...chosenList(caller, choice), scope: choice }, page)
  }

  /** The published posts of each of many authors. @throws BAD_USER_INPUT */
  byAuthors(authorIds: readonly string[], page: PageArgs): Promise<Connection<Post>[]> {
    const order = descending(AUTHOR, time('post.published_at'), ID)
    return pagesByParent<Post>(this.db, listOf('user.posts', [PUBLISHED, only(AUTHOR, 'parent.id')], order), authorIds, page)
  }

  /** How many posts each of them has published. */
  async countByAuthor(authorIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.db.query<{ authorId: string; count: number }>(COUNT_BY_AUTHOR, [authorIds])
    return new Map(rows.map(({ authorId, count }) => [authorId, count]))
  }

  /** All that somebody wrote themselves, latest changed first. @throws BAD_USER_INPUT */
  own(userId: string, status: PostStatus | null, page: PageArgs): Promise<Connection<Post>> {
    const where = ['post.author_id = $1::uuid', ...(status ? [`post.status = '${status}'`] : [])]
    const list = listOf('viewer.posts', where, descending(time('post.updated_at'), ID))
    return pageOf<Post>(this.db, { ...list, values: [userId], scope: status }, page)
  }
}

const listOf = (name: string, where: readonly string[], order: readonly Key[]): List => ({
  name,
  columns: POST,
  from: 'post',
  where: where.join(' and '),
  values: [],
  order,
})

function chosenList(caller: Caller, choice: Choice): List {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  // Spelled out, since an index of published posts serves only where it is sure that no others are asked for.
  const where = [`post.status = '${choice.status}'`]
  // None is made from a feed, until there is a feeds service.
  if (choice.fromFeed) where.push('false')
  if (choice.publishedAfter) where.push(`post.published_at > ${value(choice.publishedAfter)}::timestamptz`)
  if (choice.publishedBefore) where.push(`post.published_at < ${value(choice.publishedBefore)}::timestamptz`)
  if (choice.updatedAfter) where.push(`post.updated_at > ${value(choice.updatedAfter)}::timestamptz`)
  if (choice.authorId) where.push(only(AUTHOR, `${value(choice.authorId)}::uuid`))
  if (choice.kind) where.push(only(KIND, value(choice.kind)))

  let from = 'post'
  if (choice.status !== 'PUBLISHED' && !isModerator(caller)) {
    if (caller.userId === null) where.push('false')
    else from = fenced(`author_id = ${value(caller.userId)}::uuid`)
  }
  if (choice.search === null) return { ...listOf('posts', where, orderOf(choice)), from, values }
  const query = queryAt(value(searchQuery(choice.search)))
  if (from === 'post') from = fenced(`search @@ ${query}`)
  else where.push(`post.search @@ ${query}`)
  const rank: Key = { sql: rankBy(query), type: 'float8' }
  return { ...listOf('posts', where, choice.orderBy === 'RELEVANCE' ? descending(rank, ID) : orderOf(choice)), from, values }
}

function orderOf({ orderBy, status, authorId, kind, search }: Choice): readonly Key[] {
  // What is no more than a draft has no time of publication.
  const date = time(status === 'DRAFT' ? 'post.created_at' : 'post.published_at')
  const led = status === 'PUBLISHED' && search === null
  const byDate = [...(led && authorId ? [AUTHOR] : led && kind ? [KIND] : []), date, ID]
  switch (orderBy) {
    case 'NEWEST':
    case 'RELEVANCE':
      return descending(...byDate)
    case 'OLDEST':
      return byDate
    case 'RECENTLY_UPDATED':
      return descending(time('post.updated_at'), ID)
    case 'TITLE':
      return [{ sql: 'lower(post.title)', type: 'text' }, ID]
    default:
      return orderBy satisfies never
  }
}
