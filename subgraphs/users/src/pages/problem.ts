import type { Issue } from '@ashlar/kit/errors'
import { presentFailure } from '@ashlar/kit/failures'
import type { Logger } from '@ashlar/kit/log'

/** What went wrong, as a page tells it. */
export interface Problem {
  readonly code: string
  readonly status: number
  /** For the whole; null where the fields say it all. */
  readonly words: string | null
  /** What is wrong with a field, by its name. */
  readonly fields: Readonly<Record<string, string>>
  readonly retryAfterSeconds: number | null
}

const STATUSES: Readonly<Record<string, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  TOTP_REQUIRED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  SUBGRAPH_UNAVAILABLE: 503,
}

/**
 * An error in words and with its HTTP status; what is unexpected is logged and masked, as in the graph.
 * @param words what a code means on this page.
 */
export function problemOf(error: unknown, log: Logger, words: Readonly<Record<string, string>> = {}): Problem {
  const { message, extensions } = presentFailure(error, { log, service: 'users', writing: true })
  const code = String(extensions.code)
  const retryAfterSeconds = typeof extensions.retryAfterSeconds === 'number' ? extensions.retryAfterSeconds : null
  const fields = fieldsOf(extensions)
  const told = Object.keys(fields).length > 0 ? null : (words[code] ?? wordsFor(code, message, retryAfterSeconds))
  return { code, status: STATUSES[code] ?? 500, words: told, fields, retryAfterSeconds }
}

function fieldsOf({ issues, field }: { readonly issues?: unknown; readonly field?: unknown }): Record<string, string> {
  if (field === 'username') return { username: 'is taken: choose another' }
  if (field === 'email') return { email: 'has an account already' }
  if (!Array.isArray(issues)) return {}
  return Object.fromEntries((issues as Issue[]).map(({ path, message }) => [String(path.at(-1)), message]))
}

function wordsFor(code: string, message: string, retryAfterSeconds: number | null): string {
  if (code === 'RATE_LIMITED') return `That was too often. Please try again in ${lengthOf(retryAfterSeconds ?? 60)}.`
  if (code === 'SUBGRAPH_UNAVAILABLE') return 'Accounts can not be reached just now. Please try again in a moment.'
  return message
}

function lengthOf(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}
