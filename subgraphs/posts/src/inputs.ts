import { Checks } from '@ashlar/kit/checks'
import { badUserInput } from '@ashlar/kit/errors'
import { checkIdempotencyKey } from '@ashlar/kit/idempotency'
import { decodeId } from '@ashlar/kit/ids'
import { checkText } from '@ashlar/kit/text'
import type {
  CreatePostInput,
  CreatePostPreviewInput,
  PostSeoInput,
  RestorePostRevisionInput,
  UpdatePostInput,
} from './generated/graphql.js'
import type { NewPreview } from './previews.js'
import type { RestoreRevision } from './revisions.js'
import { checkSlug } from './slugs.js'

const TITLE_MAX = 300
const CONTENT_MAX = 200_000
const EXCERPT_MAX = 1_000
const SEO_DESCRIPTION_MAX = 1_000
const KIND_MAX = 50
const TAGS_MAX = 20
const TAG_MAX = 300
const KIND = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]*$/u
const DEFAULT_KIND = 'post'

type Path = readonly (string | number)[]

/** What search engines are told; as a change, what is absent stays. */
export interface Seo {
  readonly title?: string | null | undefined
  readonly description?: string | null | undefined
  readonly imageUrl?: string | null | undefined
  readonly noIndex?: boolean | undefined
}

export interface NewPost {
  readonly title: string
  readonly content: string
  readonly kind: string
  /** Null: made from the title. */
  readonly slug: string | null
  readonly excerpt: string | null
  readonly coverImageUrl: string | null
  readonly canonicalUrl: string | null
  readonly seo: Seo
  readonly metadata: Record<string, unknown>
  readonly publish: boolean
  readonly idempotencyKey: string | null
}

/** Undefined leaves alone, null clears. */
export interface PostChanges {
  readonly postId: string
  readonly expectedRevision: number | null
  readonly title: string | undefined
  readonly content: string | undefined
  readonly kind: string | undefined
  readonly slug: string | null | undefined
  readonly excerpt: string | null | undefined
  readonly coverImageUrl: string | null | undefined
  readonly canonicalUrl: string | null | undefined
  readonly seo: Seo | undefined
  readonly metadata: Record<string, unknown> | null | undefined
  readonly idempotencyKey: string | null
}

/** The input of createPost as the service takes it. @throws BAD_USER_INPUT with every issue */
export function readNewPost(input: CreatePostInput): NewPost {
  const checks = new Checks()
  checks.run(() => checkTags(input.tags, ['input', 'tags']))
  return checks.pass({
    title: checks.run(() => checkTitle(input.title)),
    content: checks.run(() => checkContent(input.content)),
    kind: checks.run(() => checkKind(input.kind, ['input', 'kind'])),
    slug: checks.run(() => (isGiven(input.slug) ? checkSlug(input.slug, ['input', 'slug']) : null)),
    excerpt: checks.run(() => checkExcerpt(input.excerpt)) ?? null,
    coverImageUrl: input.coverImageUrl ?? null,
    canonicalUrl: input.canonicalUrl ?? null,
    seo: readSeo(input.seo ?? {}, checks),
    metadata: input.metadata ?? {},
    publish: input.publish,
    idempotencyKey: checks.run(() => checkKey(input.idempotencyKey)),
  })
}

/** The input of updatePost as the service takes it. @throws BAD_USER_INPUT with every issue */
export function readPostChanges(input: UpdatePostInput): PostChanges {
  const checks = new Checks()
  checks.run(() => checkTags(input.tags, ['input', 'tags']))
  return checks.pass({
    postId: checks.run(() => readPostId(input)),
    expectedRevision: input.expectedRevision ?? null,
    title: checks.run(() => (input.title === undefined ? undefined : checkTitle(input.title))),
    content: checks.run(() => (input.content === undefined ? undefined : checkContent(input.content ?? ''))),
    kind: checks.run(() => (input.kind === undefined ? undefined : checkKind(input.kind ?? DEFAULT_KIND, ['input', 'kind']))),
    slug: checks.run(() => (isGiven(input.slug) ? checkSlug(input.slug, ['input', 'slug']) : input.slug)),
    excerpt: checks.run(() => checkExcerpt(input.excerpt)),
    coverImageUrl: input.coverImageUrl,
    canonicalUrl: input.canonicalUrl,
    seo: input.seo === undefined ? undefined : readSeo(input.seo ?? NO_SEO, checks),
    metadata: input.metadata,
    idempotencyKey: checks.run(() => checkKey(input.idempotencyKey)),
  })
}

/** The uuid of an input's post. @throws BAD_USER_INPUT */
export const readPostId = ({ postId }: { readonly postId: string }): string => decodeId('post', postId, ['input', 'postId'])

/** The input of restorePostRevision as the service takes it. @throws BAD_USER_INPUT with every issue */
export function readRestoreRevision(input: RestorePostRevisionInput): RestoreRevision {
  const checks = new Checks()
  return checks.pass({
    postId: checks.run(() => readPostId(input)),
    revision: input.revision,
    idempotencyKey: checks.run(() => checkKey(input.idempotencyKey)),
  })
}

/** The input of createPostPreview as the service takes it. @throws BAD_USER_INPUT with every issue */
export function readNewPreview(input: CreatePostPreviewInput): NewPreview {
  const checks = new Checks()
  return checks.pass({
    postId: checks.run(() => readPostId(input)),
    expiresAt: input.expiresAt ?? null,
    idempotencyKey: checks.run(() => checkKey(input.idempotencyKey)),
  })
}

/** A kind, which can stand in an address and a style sheet. @throws BAD_USER_INPUT */
export function checkKind(kind: string, path: Path): string {
  checkText(kind, { path, max: KIND_MAX, min: 1 })
  if (!KIND.test(kind)) throw badUserInput(path, 'is letters and digits of any script, - and _')
  return kind
}

/** @throws BAD_USER_INPUT for more than 20, and for any at all while there is no service that would know them */
export function checkTags(tags: readonly string[] | null | undefined, path: Path): void {
  if (!tags || tags.length === 0) return
  if (tags.length > TAGS_MAX) throw badUserInput(path, `are at most ${TAGS_MAX}`)
  const checks = new Checks()
  for (const [index, tag] of tags.entries()) checks.run(() => checkText(tag, { path: [...path, index], max: TAG_MAX, min: 1 }))
  checks.pass(tags)
  throw badUserInput(path, 'need a tags service, which this instance does not have yet')
}

const NO_SEO: PostSeoInput = { title: null, description: null, imageUrl: null, noIndex: null }

const readSeo = ({ title, description, imageUrl, noIndex }: PostSeoInput, checks: Checks): Seo => ({
  title: checks.run(() => checkOptional(title, ['input', 'seo', 'title'], TITLE_MAX)),
  description: checks.run(() => checkOptional(description, ['input', 'seo', 'description'], SEO_DESCRIPTION_MAX)),
  imageUrl,
  noIndex: noIndex === undefined ? undefined : (noIndex ?? false),
})

const checkOptional = (text: string | null | undefined, path: Path, max: number): string | null | undefined =>
  isGiven(text) ? checkText(text, { path, max }) : text

const isGiven = <Value>(value: Value | null | undefined): value is Value => value !== null && value !== undefined

const checkKey = (key: string | null | undefined): string | null => (isGiven(key) ? checkIdempotencyKey(key) : null)

function checkTitle(title: string | null): string {
  const path = ['input', 'title']
  if (title === null) throw badUserInput(path, "can't be cleared")
  return checkText(title, { path, max: TITLE_MAX, min: 1 }).trim()
}

const checkContent = (content: string): string => checkText(content, { path: ['input', 'content'], max: CONTENT_MAX })

/** A blank one is none. */
const checkExcerpt = (excerpt: string | null | undefined): string | null | undefined =>
  isGiven(excerpt) ? checkText(excerpt, { path: ['input', 'excerpt'], max: EXCERPT_MAX }).trim() || null : excerpt
