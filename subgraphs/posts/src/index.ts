import { defineSubgraph } from '@ashlar/kit/define-subgraph'
import { Retention } from '@ashlar/kit/retention'
import { scalars } from '@ashlar/kit/scalars'
import { Authors } from './authors.js'
import { fillDemo } from './demo.js'
import { Lists } from './lists.js'
import { createLoaders, type Loaders } from './loaders.js'
import { PostEvents } from './post-events.js'
import { Posts } from './posts.js'
import { Previews } from './previews.js'
import { Publication } from './publication.js'
import { Mutation } from './resolvers/mutation.js'
import { Post } from './resolvers/post.js'
import { PostChanged, PostEvent, PostPublished, PostRemoved } from './resolvers/post-event.js'
import { PostRevision } from './resolvers/post-revision.js'
import { Query } from './resolvers/query.js'
import { Subscription } from './resolvers/subscription.js'
import { User } from './resolvers/user.js'
import { Viewer } from './resolvers/viewer.js'
import { Revisions } from './revisions.js'
import { EXPIRED_PREVIEWS } from './sql/previews.js'

export interface Services {
  readonly posts: Posts
  readonly authors: Authors
  readonly lists: Lists
  readonly publication: Publication
  readonly revisions: Revisions
  readonly previews: Previews
  readonly events: PostEvents
  readonly retention: Retention
}

/** Posts of any kind: drafts, publication, revisions, previews, search. */
export const subgraph = defineSubgraph<Services, Loaders>({
  name: 'posts',
  schema: new URL('../schema.graphql', import.meta.url),
  resolvers: {
    ...scalars,
    Query,
    Mutation,
    Subscription,
    Post,
    PostRevision,
    PostEvent,
    PostPublished,
    PostChanged,
    PostRemoved,
    User,
    Viewer,
  },
  services: (deps) => ({
    posts: new Posts(deps),
    authors: new Authors(deps),
    lists: new Lists(deps.db),
    publication: new Publication(deps),
    revisions: new Revisions(deps),
    previews: new Previews(deps.db),
    events: new PostEvents(deps),
    retention: new Retention(deps, [EXPIRED_PREVIEWS]),
  }),
  loaders: createLoaders,
  jobs: ({ publication, retention }) => ({ ...publication.handlers(), ...retention.handlers() }),
  consumers: ({ authors }) => [authors.consumer()],
  demo: (_, deps) => fillDemo(deps),
})
