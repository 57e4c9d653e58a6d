import type { Sql } from '@ashlar/database/sql'
import { badUserInput } from '@ashlar/kit/errors'
import { checkText } from '@ashlar/kit/text'
import { KEEP_FORMER_SLUGS, LEAVE_SLUG, NEXT_FREE_SLUG, RETAKE_SLUG } from './sql/slugs.js'

const SLUG_MAX = 200
/** Short enough for a number behind it, and for an address that people read. */
const MADE_MAX = 100
const FORMER_MAX = 100

/** Words of letters and digits of every script, with one hyphen between two. A mark stands on a letter, never at the start. */
const SLUG = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:-[\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*$/u
/** Joiners, soft hyphens, fillers: nobody sees them, so that two slugs would look the same. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

/** The one form of a slug, so that what looks the same is the same: NFKC and lower case, which can undo each other once. */
const normalSlug = (slug: string): string => slug.normalize('NFKC').toLowerCase().normalize('NFKC')

/** What somebody looks for, as a post could have it; null for what none can have. */
export function readSlug(slug: string): string | null {
  // A string has at least half as many code points as code units: what is far too long is not looked at.
  const normal = slug.length > 2 * SLUG_MAX ? '' : normalSlug(slug)
  return SLUG.test(normal) && normal.search(INVISIBLE) === -1 && [...normal].length <= SLUG_MAX ? normal : null
}

/** A slug that somebody chose. @throws BAD_USER_INPUT */
export function checkSlug(slug: string, path: readonly string[]): string {
  const normal = readSlug(checkText(slug, { path, max: SLUG_MAX, min: 1 }))
  if (normal === null) throw badUserInput(path, `is up to ${SLUG_MAX} letters and digits of any script, with single hyphens between them`)
  return normal
}

/** What a title comes to in an address, in its own script; `otherwise` for one without a letter or digit. */
export function slugOf(title: string, otherwise: string): string {
  // An apostrophe joins what stands beside it: don't is dont.
  const words = normalSlug(title.replace(/['’ʼ`´]/gu, ''))
    .replace(INVISIBLE, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map((word) => word.replace(/^\p{M}+/u, ''))
    .filter((word) => word !== '')
  return cutWords(words) || slugOf(otherwise, 'post')
}

/** As many whole words as fit; of a first one that is too long, its start. */
function cutWords(words: readonly string[]): string {
  let slug = [...(words[0] ?? '')].slice(0, MADE_MAX).join('')
  for (const word of words.slice(1)) {
    if ([...slug].length + 1 + [...word].length > MADE_MAX) break
    slug = `${slug}-${word}`
  }
  return slug
}

/** The slug with the next number that no other post has just now; the constraint decides whether it still is free when it is written. */
export async function nextFreeSlug(sql: Sql, base: string, postId: string): Promise<string> {
  const [free] = await sql.query<{ number: number }>(NEXT_FREE_SLUG, [base, postId])
  return free && free.number > 1 ? `${base}-${free.number}` : base
}

/** Has the slug that a post had lead to it on, and the one that it has now be none of its former ones. */
export async function leaveSlug(sql: Sql, postId: string, { from, to }: { readonly from: string; readonly to: string }): Promise<void> {
  await sql.query(LEAVE_SLUG, [postId, from])
  await sql.query(RETAKE_SLUG, [postId, to])
  await sql.query(KEEP_FORMER_SLUGS, [postId, FORMER_MAX])
}
