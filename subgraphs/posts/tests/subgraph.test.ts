import { askingAs } from '@ashlar/kit/testing/callers'
import { describeSubgraph } from '@ashlar/kit/testing/describe-subgraph'
import { until } from '@ashlar/kit/testing/until'
import { subgraph } from '../src/index.js'
import { atOnce, change, userIdOf, write } from './writing.js'

const PAGE = 'nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } totalCount'
const ARGUMENTS = '$first: Int!, $after: String'
const SLICE = 'first: $first, after: $after'

describeSubgraph(subgraph, {
  entities: {
    Post: async (test, count) => {
      const posts = await atOnce(count, () => write(test, askingAs()))
      return { ids: posts.map(({ id }) => id) }
    },
  },
  lists: {
    'Query.postEvents': async (test) => {
      const { postEventCursor } = await test.data<{ postEventCursor: string }>('{ postEventCursor }')
      await atOnce(6, () => write(test, askingAs(), { kind: 'logged' }))
      const query = `query ($first: Int!, $after: String!) {
        list: postEvents(filter: { kind: "logged" }, ${SLICE}) { nodes { cursor } edges { cursor } pageInfo { hasNextPage endCursor } } }`
      const told = { first: 100, after: postEventCursor }
      await until(async () => (await test.data<{ list: { nodes: unknown[] } }>(query, told)).list.nodes.length === 6)
      return { from: postEventCursor, query }
    },
    'Query.posts': async (test) => {
      const asking = askingAs()
      await atOnce(6, () => write(test, asking, { kind: 'page' }))
      return { query: `query (${ARGUMENTS}) { list: posts(filter: { kind: "page" }, ${SLICE}) { ${PAGE} } }` }
    },
    'Post.revisions': async (test) => {
      const asking = askingAs()
      const { id } = await write(test, asking)
      for (let edit = 1; edit <= 6; edit += 1) await change(test, asking, 'updatePost', { postId: id, content: `edit ${edit}` })
      return {
        asking,
        variables: { id },
        query: `query ($id: ID!, ${ARGUMENTS}) { post(id: $id) { list: revisions(${SLICE}) { ${PAGE} } } }`,
      }
    },
    'User.posts': async (test) => {
      const asking = askingAs()
      await atOnce(6, () => write(test, asking))
      return {
        variables: { users: [{ __typename: 'User', id: userIdOf(asking) }] },
        query: `query ($users: [_Any!]!, ${ARGUMENTS}) { _entities(representations: $users) { ... on User { list: posts(${SLICE}) { ${PAGE} } } } }`,
      }
    },
    'Viewer.posts': async (test) => {
      const asking = askingAs()
      await atOnce(6, (index) => write(test, asking, { publish: index % 2 === 0 }))
      return { asking, query: `query (${ARGUMENTS}) { viewer { list: posts(${SLICE}) { ${PAGE} } } }` }
    },
  },
})
