import type { Caller } from '@ashlar/kit/caller'
import { batchById, batchValues, perArguments } from '@ashlar/kit/loaders'
import type { PageArgs } from '@ashlar/kit/paging'
import type { Services } from './index.js'
import type { Post, WholePost } from './models.js'
import { TextBudget } from './text-budget.js'

export type Loaders = ReturnType<typeof createLoaders>

/** Batched reads of one request, one statement a level, and how much it may read out. */
export const createLoaders = ({ posts, lists, revisions }: Services, caller: Caller) => ({
  /** Null for what the caller may not see. */
  post: batchById<Post>((ids) => posts.byIds(caller, ids)),
  wholePost: batchById<WholePost>((ids) => posts.wholeByIds(caller, ids)),
  postBySlug: perArguments((slugs, { previewedId }: { readonly previewedId: string | null }) => posts.bySlugs(caller, slugs, previewedId)),
  text: batchById((ids) => posts.texts(ids)),
  formerSlugs: batchValues<readonly string[]>((ids) => posts.formerSlugs(ids), []),
  newer: batchValues<Post | null>((ids) => posts.neighbours(ids, 'newer'), null),
  older: batchValues<Post | null>((ids) => posts.neighbours(ids, 'older'), null),
  revisions: perArguments((postIds, page: PageArgs) => revisions.ofPosts(postIds, page)),
  revisionContent: batchById((ids) => revisions.contents(ids)),
  postsByAuthor: perArguments((authorIds, page: PageArgs) => lists.byAuthors(authorIds, page)),
  textBudget: new TextBudget(),
  postCount: batchValues((authorIds) => lists.countByAuthor(authorIds), 0),
})
