import type { Sql } from '@ashlar/database/sql'
import { badUserInput } from '@ashlar/kit/errors'
import { checkJsonObject } from '@ashlar/kit/json-object'
import type { PostChanges, Seo } from './inputs.js'
import type { WholePost } from './models.js'
import { UPDATE_POST } from './sql/posts.js'
import type { WrittenText } from './texts.js'

type Fields = 'title' | 'kind' | 'excerpt' | 'coverImageUrl' | 'canonicalUrl' | 'seo' | 'metadata'

/** What is to be other than it was; what is absent stays. */
export interface PostPatch extends Partial<Pick<PostChanges, Fields>> {
  readonly slug?: string
  readonly text?: WrittenText | null
}

/** Writes a post that the transaction holds locked; its revision counts up. @throws BAD_USER_INPUT for metadata that the merge made too much */
export async function writePost(sql: Sql, post: WholePost, patch: PostPatch): Promise<WholePost> {
  const { title, kind, slug, text, excerpt, coverImageUrl, canonicalUrl, seo, metadata } = patch
  const [written] = await sql.query<WholePost>(UPDATE_POST, [
    post.id,
    kind ?? post.kind,
    slug ?? post.slug,
    title ?? post.title,
    text?.content ?? null,
    text?.html ?? null,
    text?.opening ?? null,
    text?.readingMinutes ?? null,
    patched(post.givenExcerpt, excerpt),
    patched(post.coverImageUrl, coverImageUrl),
    patched(post.canonicalUrl, canonicalUrl),
    ...seoValues(post, seo ?? {}),
    JSON.stringify(merged(post.metadata, metadata)),
  ])
  if (!written) throw new Error('a post that was locked is gone')
  return written
}

const patched = <Value>(was: Value, given: Value | undefined): Value => (given === undefined ? was : given)

const seoValues = (post: WholePost, { title, description, imageUrl, noIndex }: Seo): unknown[] => [
  patched(post.seoTitle, title),
  patched(post.seoDescription, description),
  patched(post.seoImageUrl, imageUrl),
  patched(post.seoNoIndex, noIndex),
]

/** Key by key at the first level; a null value removes its key. */
function merged(was: Record<string, unknown>, given: Record<string, unknown> | null | undefined): Record<string, unknown> {
  if (given === undefined) return was
  if (given === null) return {}
  const values = new Map(Object.entries(was))
  for (const [key, value] of Object.entries(given)) {
    if (value === null) values.delete(key)
    else values.set(key, value)
  }
  try {
    return checkJsonObject(Object.fromEntries(values))
  } catch (error) {
    throw badUserInput(['input', 'metadata'], `after the merge: ${(error as Error).message}`)
  }
}
