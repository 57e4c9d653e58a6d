const LENGTH_MAX = 2_000
/** One slash, and then neither a second one nor what browsers take for one. */
const PATH = /^\/(?![/\\])[^\p{Cc}\p{Z}\\]*$/u

/**
 * A path of this origin to go back to, from what a stranger may have put into a link; null for anything else.
 * It is judged as browsers resolve it: `//host`, `/\host`, a tab in between, a user name before an `@`.
 */
export function ownPath(given: string | null | undefined, publicUrl: URL): string | null {
  if (!given || given.length > LENGTH_MAX || !PATH.test(given) || !URL.canParse(given, publicUrl.origin)) return null
  const { origin, username, password, pathname, search, hash } = new URL(given, publicUrl)
  if (origin !== publicUrl.origin || username || password) return null
  // What dots made of it must still be one slash and a name.
  return pathname.startsWith('//') ? null : `${pathname}${search}${hash}`
}
