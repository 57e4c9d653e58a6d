import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { buildSchema, GraphQLError, graphql } from 'graphql'
import { explorer } from '../src/explorer.js'
import { explorerRoutes } from '../src/explorer-routes.js'

const COOKIE = 'ashlar-test'

const schema = buildSchema(/* GraphQL */ `
  scalar DateTime
  type Query {
    "The smallest service there is."
    hello(name: String! = "world"): Greeting
    "Published posts, newest first."
    posts(first: Int! = 20): PostConnection
    viewer: Viewer
  }
  type Mutation {
    signIn(input: SignInInput!): SignInPayload
    signUp(input: SignUpInput!): SignUpPayload
    refreshSession(input: RefreshSessionInput!): SignInPayload
    signOut: SignOutPayload
    createPost(input: CreatePostInput!): CreatePostPayload
  }
  type Greeting { text: String! number: Int! }
  type PostConnection { nodes: [Post!]! pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Post { id: ID! slug: String! status: String! title: String! excerpt: String! html: String! publishedAt: DateTime updatedAt: DateTime! author: User }
  type User { id: ID! username: String! displayName: String! role: Role }
  enum Role { GUEST USER MODERATOR ADMIN }
  type Viewer { id: ID email: String emailVerified: Boolean scopes: [String!] user: User sessions(first: Int! = 20): SessionConnection posts(first: Int! = 20): PostConnection }
  type SessionConnection { nodes: [Session!]! }
  type Session { current: Boolean! client: String userAgent: String lastUsedAt: DateTime! }
  type Tokens { accessToken: String! accessTokenExpiresAt: DateTime! refreshToken: String refreshTokenExpiresAt: DateTime! }
  type SignInPayload { viewer: Viewer tokens: Tokens! }
  type SignUpPayload { viewer: Viewer tokens: Tokens }
  type SignOutPayload { ok: Boolean! }
  type CreatePostPayload { post: Post! }
  input SignInInput { login: String! password: String! totpCode: String }
  input SignUpInput { username: String! email: String! password: String! displayName: String idempotencyKey: String }
  input RefreshSessionInput { refreshToken: String }
  input CreatePostInput { title: String! content: String! publish: Boolean! = false idempotencyKey: String }
`)

interface Person {
  readonly username: string
  readonly displayName: string
  readonly email: string
  readonly password: string
  readonly role: string
  readonly totpCode?: string
}

interface Call {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly token: string | null
}

const refuse = (code: string, message: string, more: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...more } })

const ADA: Person = { username: 'ada', displayName: 'Ada Lovelace', email: 'ada@example.com', password: 'analytical engine', role: 'ADMIN' }
const GRACE: Person = {
  username: 'grace',
  displayName: 'Grace Hopper',
  email: 'grace@example.com',
  password: 'nanoseconds',
  role: 'USER',
  totpCode: '123456',
}

const TITLES = [
  [
    'Notes on the analytical engine',
    'It might act upon other things besides number, were objects found whose mutual relations could be expressed.',
  ],
  ['A field guide to limestone', 'What a wall says about the quarry it came from, and how to read the tool marks.'],
  ['Why our build got four times faster', 'Three small changes, one measurement each, and the one that we took back.'],
]

/** A graph with the shapes of signing in and of posts, and nothing behind them: what the page has to be told, and no more. */
export async function startStubGraph() {
  const people = new Map([ADA, GRACE].map((person) => [person.username, person]))
  const cookies = new Map<string, Person>()
  const tokens = new Map<string, Person>()
  const settings = { accessTokenSeconds: 900, confirmEmail: false, rateLimited: false }

  const app = fastify()
  const userOf = ({ username, displayName, role }: Person) => ({ id: `user_${username}`, username, displayName, role })
  const viewerOf = (person: Person) => ({
    id: `user_${person.username}`,
    email: person.email,
    emailVerified: true,
    scopes: [],
    user: userOf(person),
    sessions: { nodes: [] },
    posts: posts(),
  })
  const posts = () => ({
    nodes: TITLES.map(([title, excerpt], index) => ({
      title,
      excerpt,
      publishedAt: `2026-11-${24 - index * 3}T09:12:00.000Z`,
      author: userOf(index === 1 ? GRACE : ADA),
    })),
    pageInfo: { hasNextPage: false, endCursor: 'eyJrIjoxfQ' },
  })
  const signedIn = (person: Person, { request, reply }: Call) => {
    const token = randomUUID()
    tokens.set(token, person)
    const cookieMode = request.headers['ashlar-session'] === 'cookie'
    const refreshToken = randomUUID()
    cookies.set(refreshToken, person)
    if (cookieMode) reply.header('set-cookie', `${COOKIE}=${refreshToken}; Path=/; HttpOnly; SameSite=Strict`)
    return {
      viewer: viewerOf(person),
      tokens: {
        accessToken: token,
        accessTokenExpiresAt: new Date(Date.now() + settings.accessTokenSeconds * 1_000).toISOString(),
        refreshToken: cookieMode ? null : refreshToken,
        refreshTokenExpiresAt: '2027-01-01T00:00:00.000Z',
      },
    }
  }
  const cookieOf = (request: FastifyRequest) => request.headers.cookie?.match(new RegExp(`${COOKIE}=([^;]+)`))?.[1] ?? ''

  const rootValue = {
    hello: ({ name }: { name: string }) => ({ text: `Hello, ${name}!`, number: 1 }),
    posts,
    viewer: (_: unknown, { token }: Call) => {
      const person = token && tokens.get(token)
      return person ? viewerOf(person) : null
    },
    signIn({ input }: { input: { login: string; password: string; totpCode?: string } }, call: Call) {
      if (settings.rateLimited) throw refuse('RATE_LIMITED', 'Too many attempts.', { retryAfterSeconds: 40 })
      const person = people.get(input.login)
      if (person?.password !== input.password) throw refuse('UNAUTHENTICATED', 'Unknown name or wrong password.')
      if (person.totpCode && !input.totpCode) throw refuse('TOTP_REQUIRED', 'The second factor is needed.')
      if (person.totpCode && person.totpCode !== input.totpCode) throw refuse('UNAUTHENTICATED', 'This code is not valid.')
      return signedIn(person, call)
    },
    signUp({ input }: { input: { username: string; email: string; password: string } }, call: Call) {
      if (input.password === '12345678')
        throw refuse('BAD_USER_INPUT', 'input.password', {
          issues: [{ path: ['input', 'password'], message: 'is one that many people use' }],
        })
      if (people.has(input.username)) throw refuse('CONFLICT', 'This name is taken.', { field: 'username' })
      const person: Person = { ...input, displayName: input.username, role: 'USER' }
      people.set(person.username, person)
      return settings.confirmEmail ? { viewer: null, tokens: null } : signedIn(person, call)
    },
    refreshSession(_: unknown, call: Call) {
      const cookie = cookieOf(call.request)
      const person = cookies.get(cookie)
      if (!person) throw refuse('UNAUTHENTICATED', 'This session has ended.')
      cookies.delete(cookie)
      return signedIn(person, call)
    },
    signOut(_: unknown, { request, reply, token }: Call) {
      if (token) tokens.delete(token)
      cookies.delete(cookieOf(request))
      reply.header('set-cookie', `${COOKIE}=; Path=/; Max-Age=0`)
      return { ok: true }
    },
  }

  app.register(explorerRoutes)
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    async handler(request, reply) {
      if (request.method === 'GET') return page(request, reply)
      const { query, variables, operationName } = request.body as {
        query: string
        variables?: Record<string, unknown>
        operationName?: string
      }
      const token = request.headers.authorization?.replace('Bearer ', '') ?? null
      if (token && !tokens.has(token)) {
        const refused = refuse('UNAUTHENTICATED', 'This token is not valid.')
        return reply.code(401).send({ errors: [refused] })
      }
      const call: Call = { request, reply, token }
      return graphql({ schema, source: query, variableValues: variables, operationName, rootValue, contextValue: call })
    },
  })
  await app.listen({ port: Number(process.env.STUB_PORT ?? 0), host: '127.0.0.1' })
  const url = `http://localhost:${(app.server.address() as AddressInfo).port}`
  const page = explorer({ publicUrl: new URL(url), signUps: true, providers: [] })
  return {
    url,
    settings,
    app,
    /** As after fifteen minutes or a restart with other keys. */
    endAccessTokens: () => tokens.clear(),
    tokenInUse: (token: string) => tokens.has(token),
    [Symbol.asyncDispose]: () => app.close(),
  }
}
