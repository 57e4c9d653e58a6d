import type { Asking } from '@ashlar/kit/caller'
import { encodeId } from '@ashlar/kit/ids'
import { type Answer, startTestSubgraph, type TestSubgraph } from '@ashlar/kit/testing/test-subgraph'
import { type Services, subgraph } from '../src/index.js'

export type PostsTest = TestSubgraph<Services>

/** A post as the tests read it back. */
export interface Shown {
  readonly id: string
  readonly slug: string
  readonly kind: string
  readonly title: string
  readonly content: string
  readonly html: string
  readonly excerpt: string
  readonly status: string
  readonly revision: number
  readonly publishedAt: string | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly formerSlugs: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  readonly viewerCanEdit: boolean
  readonly revisions: { readonly nodes: readonly { readonly revision: number; readonly title: string; readonly content: string }[] } | null
}

export const FIELDS = `id slug kind title content html excerpt status revision publishedAt createdAt updatedAt formerSlugs metadata viewerCanEdit
  revisions(first: 100) { nodes { revision title content } }`

export const startPosts = (env: Readonly<Record<string, string>> = {}): Promise<PostsTest> => startTestSubgraph(subgraph, { env })

/** The id of whoever asks, as clients see it. */
export const userIdOf = ({ identity }: Asking): string => encodeId('user', identity?.userId ?? '')

type Input = Readonly<Record<string, unknown>>

/** One mutation of an input; answers the whole, errors too. */
export const tell = (test: PostsTest, asking: Asking, field: string, input: Input, selection = `post { ${FIELDS} }`): Promise<Answer> => {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input!`
  return test.ask(`mutation ($input: ${type}) { done: ${field}(input: $input) { ${selection} } }`, { input }, asking)
}

/** The same, for one that is to succeed; answers the post. */
export async function change(test: PostsTest, asking: Asking, field: string, input: Input): Promise<Shown> {
  const { data, errors } = await tell(test, asking, field, input)
  if (errors) throw new Error(`${field} failed: ${JSON.stringify(errors)}`)
  return (data as { done: { post: Shown } }).done.post
}

/** A new post, published unless the input says otherwise. */
export const write = (test: PostsTest, asking: Asking, input: Input = {}): Promise<Shown> =>
  change(test, asking, 'createPost', { title: 'A post', content: 'Some words.', publish: true, ...input })

/** What `post` answers. */
export async function read(test: PostsTest, id: string, asking?: Asking, previewToken?: string): Promise<Shown | null> {
  const query = `query ($id: ID!, $previewToken: String) { post(id: $id, previewToken: $previewToken) { ${FIELDS} } }`
  const { post } = await test.data<{ post: Shown | null }>(query, { id, previewToken }, asking)
  return post
}

/** The slug's post, by its id. */
export async function idBySlug(test: PostsTest, slug: string, asking?: Asking, previewToken?: string): Promise<string | null> {
  const query = 'query ($slug: String!, $previewToken: String) { postBySlug(slug: $slug, previewToken: $previewToken) { id } }'
  const { postBySlug } = await test.data<{ postBySlug: Shown | null }>(query, { slug, previewToken }, asking)
  return postBySlug?.id ?? null
}

/** So many of something at once. */
export const atOnce = <Value>(count: number, work: (index: number) => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))
