import type { Asking } from '@ashlar/kit/caller'
import { badUserInput, forbidden } from '@ashlar/kit/errors'
import { encodeId } from '@ashlar/kit/ids'
import { testSubgraph } from './subgraphs.js'

/** Ids that stay the same, so that answers can be compared. */
const uuid = (n: number): string => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`
export const userId = (n: number): string => encodeId('user', uuid(n))
export const postId = (n: number): string => encodeId('post', uuid(n))
export const commentId = (n: number): string => encodeId('comment', uuid(n))
export const uuidOf = uuid

/** Of the posts 1 to 5 number 4 is hidden from everybody but user 1, and number 5 from everybody by an error. */
const POSTS = [1, 2, 3, 4, 5]
const isHidden = (id: string, { identity }: Asking): boolean => id === postId(4) && identity?.userId !== uuid(1)

export const usersSubgraph = () =>
  testSubgraph({
    name: 'users',
    sdl: `
      interface Node { id: ID! }
      type Query { viewer: Viewer @shareable users(first: Int! = 20): UserPage whoAmI: String }
      type Mutation {
        signIn(login: String!): SignInPayload @signsIn
        refreshSession(token: String): SignInPayload @signsIn
        signUp(username: String!): SignInPayload @opensSession
        signOut: Boolean
      }
      type SignInPayload { viewer: Viewer token: String! }
      type Viewer @key(fields: "userId") { userId: ID! @inaccessible email: String }
      type User implements Node @key(fields: "id") { id: ID! username: String! }
      type UserPage { nodes: [User!]! totalCount: Int }
    `,
    resolvers: {
      Query: {
        viewer: (_: unknown, __: unknown, { identity }: Asking) => identity && { userId: encodeId('user', identity.userId) },
        users: () => ({ nodes: [{ id: userId(1) }, { id: userId(2) }], totalCount: 2 }),
        whoAmI: (_: unknown, __: unknown, { identity, request }: Asking) =>
          JSON.stringify({ userId: identity?.userId ?? null, scopes: identity?.scopes ?? [], ...request, id: '' }),
      },
      Mutation: {
        signIn: (_: unknown, __: unknown, { reply }: Asking) => {
          reply.refreshCookie = { value: 'secret', expiresAt: new Date('2030-01-01T00:00:00Z') }
          return { viewer: { userId: userId(1) }, token: 't' }
        },
        refreshSession: (_: unknown, __: unknown, { request }: Asking) => ({
          viewer: { userId: userId(1) },
          token: request.refreshCookie ?? 'none',
        }),
        signUp: () => ({ viewer: { userId: userId(1) }, token: 't' }),
        signOut: (_: unknown, __: unknown, { reply }: Asking) => {
          reply.refreshCookie = null
          return true
        },
      },
      Viewer: { __resolveReference: (viewer: object) => viewer, email: () => 'ada@example.com' },
      User: { __resolveReference: (user: object) => user, username: ({ id }: { id: string }) => `name of ${id.slice(-4)}` },
    },
  })

export const postsSubgraph = () =>
  testSubgraph({
    name: 'posts',
    sdl: `
      scalar JSONObject
      interface Node { id: ID! }
      interface Subject { id: ID! viewerCanEdit: Boolean }
      type Query {
        viewer: Viewer @shareable
        posts(first: Int! = 20, filter: PostFilter, previewToken: String): PostPage
        post(id: ID!): Post
      }
      type Mutation { createPost(input: CreatePostInput!): Post }
      type Subscription { postEvents: Post }
      type Viewer @key(fields: "userId") { userId: ID! @inaccessible postCount: Int }
      type Post implements Node & Subject @key(fields: "id") {
        id: ID!
        viewerCanEdit: Boolean!
        title: String!
        labels: [String!]!
        metadata: JSONObject!
        author: User
        older: Post
      }
      type PostPage { nodes: [Post!]! totalCount: Int }
      type User @key(fields: "id") { id: ID! posts: [Post!] }
      enum PostStatus { DRAFT PUBLISHED }
      input PostFilter { status: PostStatus tags: [String!] before: Int }
      input CreatePostInput { title: String! metadata: JSONObject seo: SeoInput }
      input SeoInput { noIndex: Boolean! }
    `,
    resolvers: {
      Query: {
        viewer: (_: unknown, __: unknown, { identity }: Asking) => identity && { userId: encodeId('user', identity.userId) },
        posts: (_: unknown, { first }: { first: number }) => {
          if (first > 100) throw badUserInput('first', 'is 1 to 100')
          return { nodes: [1, 2, 3].slice(0, first).map((n) => ({ id: postId(n) })), totalCount: 3 }
        },
        post: (_: unknown, { id }: { id: string }) => (POSTS.some((n) => postId(n) === id) ? { id } : null),
      },
      Mutation: {
        createPost: (_: unknown, { input }: { input: { metadata?: object } }) => {
          const bad = Object.keys(input.metadata ?? {}).find((key) => key === '__proto__')
          if (bad) throw badUserInput(['input', 'metadata', bad], 'is no name for a key')
          return { id: postId(1), metadata: input.metadata ?? {} }
        },
      },
      Subscription: { postEvents: { subscribe: () => null } },
      Viewer: { __resolveReference: (viewer: object) => viewer, postCount: () => 3 },
      Post: {
        __resolveReference: (reference: { id: string }, asking: Asking) => {
          if (reference.id === postId(5)) throw forbidden()
          return POSTS.some((n) => postId(n) === reference.id) && !isHidden(reference.id, asking) ? reference : null
        },
        viewerCanEdit: () => true,
        title: ({ id }: { id: string }) => `title of ${id.slice(-4)}`,
        labels: () => ['a', 'b'],
        metadata: ({ metadata }: { metadata?: object }) => metadata ?? {},
        author: () => ({ id: userId(1) }),
        older: ({ id }: { id: string }) => (id === postId(1) ? null : { id: postId(1) }),
      },
      User: { __resolveReference: (user: object) => user, posts: () => [{ id: postId(1) }] },
    },
  })

export const commentsSubgraph = () =>
  testSubgraph({
    name: 'comments',
    subjects: ['Post'],
    sdl: `
      interface Node { id: ID! }
      type Query { comment(id: ID!): Comment }
      type Subject @key(fields: "id") @interfaceObject { id: ID! comments(first: Int! = 20): CommentPage commentCount: Int }
      type Comment implements Node @key(fields: "id") { id: ID! text: String! author: User subject: Subject replies: CommentPage }
      type CommentPage { nodes: [Comment!]! totalCount: Int }
      type User @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: { comment: (_: unknown, { id }: { id: string }) => ({ id }) },
      Subject: { __resolveType: () => 'Post' },
      Post: {
        __resolveReference: (post: object) => post,
        comments: () => ({ nodes: [{ id: commentId(1) }], totalCount: 1 }),
        commentCount: () => 1,
      },
      Comment: {
        __resolveReference: (comment: object) => comment,
        text: () => 'well said',
        author: () => ({ id: userId(2) }),
        subject: () => ({ __typename: 'Post', id: postId(1) }),
        replies: () => ({ nodes: [{ id: commentId(2) }], totalCount: 1 }),
      },
    },
  })

/** Three services that lean on each other: posts have authors and comments, comments have authors and subjects. */
export function town() {
  const users = usersSubgraph()
  const posts = postsSubgraph()
  const comments = commentsSubgraph()
  const all = [users, posts, comments]
  const reset = () => {
    for (const subgraph of all) {
      subgraph.behave(undefined)
      subgraph.calls.length = 0
    }
  }
  return { users, posts, comments, all, reset }
}
