import { defineSubgraph } from '@ashlar/kit/define-subgraph'
import { scalars } from '@ashlar/kit/scalars'
import { CLEAN_EVERY_SECONDS, clean } from './cleaning.js'
import { fillDemo } from './demo.js'
import { Lists } from './lists.js'
import { createLoaders, type Loaders } from './loaders.js'
import { Posts } from './posts.js'
import { Previews } from './previews.js'
import { Publication, PUBLISH_JOB } from './publication.js'
import { Mutation } from './resolvers/mutation.js'
import { Post } from './resolvers/post.js'
import { PostRevision } from './resolvers/post-revision.js'
import { Query } from './resolvers/query.js'
import { User } from './resolvers/user.js'
import { Viewer } from './resolvers/viewer.js'
import { Revisions } from './revisions.js'

export interface Services {
  readonly posts: Posts
  readonly lists: Lists
  readonly publication: Publication
  readonly revisions: Revisions
  readonly previews: Previews
  /** Hourly. */
  clean(): Promise<void>
}

/** Posts of any kind: drafts, publication, revisions, previews, search. */
export const subgraph = defineSubgraph<Services, Loaders>({
  name: 'posts',
  schema: new URL('../schema.graphql', import.meta.url),
  resolvers: { ...scalars, Query, Mutation, Post, PostRevision, User, Viewer },
  services: (deps) => ({
    posts: new Posts(deps),
    lists: new Lists(deps.db),
    publication: new Publication(deps),
    revisions: new Revisions(deps.db),
    previews: new Previews(deps.db),
    clean: () => clean(deps.db),
  }),
  loaders: createLoaders,
  jobs: ({ publication, clean }) => ({
    [PUBLISH_JOB]: { run: (job) => publication.publishScheduled(job) },
    'posts.clean': { everySeconds: CLEAN_EVERY_SECONDS, run: clean },
  }),
  demo: (_, { db }) => fillDemo(db),
})
