import { GraphQLError } from 'graphql'

/** The closed list of what can go wrong; a client may rely on these and on nothing else. */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'TOTP_REQUIRED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'STALE_CURSOR'
  | 'TOO_COMPLEX'
  | 'SUBGRAPH_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'

export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An error that a caller is meant to see, with its code. Anything else that is thrown is masked. */
export class AshlarError extends GraphQLError {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}) {
    super(message, { extensions: { code, ...extensions } })
    this.name = 'AshlarError'
    this.code = code
  }
}

/** What was sent can't be. Takes every issue at once, or one as a path and a message. */
export function badUserInput(issues: readonly Issue[]): AshlarError
export function badUserInput(path: string | readonly (string | number)[], message: string): AshlarError
export function badUserInput(issues: string | readonly (string | number | Issue)[], message = ''): AshlarError {
  const list = isIssues(issues) ? issues : [{ path: typeof issues === 'string' ? [issues] : issues, message }]
  const text = list.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  return new AshlarError('BAD_USER_INPUT', text, { issues: list })
}

const isIssues = (value: string | readonly unknown[]): value is readonly Issue[] =>
  Array.isArray(value) && value.length > 0 && typeof value[0] === 'object'

/** No sign-in, or a wrong one; `reauthenticate` where only a fresh one will do. */
export const unauthenticated = (options: { reauthenticate?: true; message?: string } = {}): AshlarError =>
  new AshlarError(
    'UNAUTHENTICATED',
    options.message ?? (options.reauthenticate ? 'This needs a sign-in within the last hour.' : 'This needs a sign-in.'),
    options.reauthenticate ? { reauthenticate: true } : {},
  )

export const totpRequired = (): AshlarError => new AshlarError('TOTP_REQUIRED', 'This account wants the code of its second factor.')

export const forbidden = (message = 'You may see this, but not do this.'): AshlarError => new AshlarError('FORBIDDEN', message)

/** The same bytes for what does not exist and for what the caller may not see. */
export const notFound = (): AshlarError => new AshlarError('NOT_FOUND', 'There is no such thing, or not for you.')

/** It changed meanwhile (`current`: the thing as it stands) or is taken (`field`). */
export const conflict = (what: { field?: string; current?: object; message?: string } = {}): AshlarError => {
  const { message = what.field ? `This ${what.field} is taken.` : 'It changed meanwhile.', ...extensions } = what
  return new AshlarError('CONFLICT', message, extensions)
}

export const rateLimited = (retryAfterSeconds: number): AshlarError =>
  new AshlarError('RATE_LIMITED', `Too often: try again in ${Math.ceil(retryAfterSeconds)} s.`, {
    retryAfterSeconds: Math.ceil(retryAfterSeconds),
  })

export const staleCursor = (): AshlarError => new AshlarError('STALE_CURSOR', 'The log no longer reaches back to this cursor: load again.')

export const tooComplex = (what: { cost?: number; limit?: number; message?: string } = {}): AshlarError => {
  const { message = 'The operation is over its budget.', ...extensions } = what
  return new AshlarError('TOO_COMPLEX', message, extensions)
}

/** A service can't answer now; `outcome: 'UNKNOWN'` for a write whose answer was lost. */
export const subgraphUnavailable = (what: { retryAfterSeconds?: number; outcome?: 'UNKNOWN' } = {}): AshlarError =>
  new AshlarError('SUBGRAPH_UNAVAILABLE', "A service can't answer now.", what)

/** Stands in for an unexpected error; the id leads to its one log line. */
export const internalServerError = (errorId: string): AshlarError =>
  new AshlarError('INTERNAL_SERVER_ERROR', `Something went wrong on our side (${errorId}).`, { errorId })

/** The error that was meant, however deeply `graphql-js` wrapped it; null for anything unexpected. */
export function meantError(error: unknown): AshlarError | null {
  for (let cause = error; cause instanceof Error; cause = cause instanceof GraphQLError ? cause.originalError : undefined) {
    if (cause instanceof AshlarError) return cause
  }
  return null
}
