import type { GraphQLFormattedError } from 'graphql'
import type { Answer } from './source.js'

/** What errors may carry outside (contract, Errors); a service's stack traces and addresses are nobody's business. */
const EXTENSIONS = ['code', 'issues', 'reauthenticate', 'field', 'current', 'retryAfterSeconds', 'cost', 'limit', 'outcome', 'errorId']

/**
 * Reads what a service answered, believing nothing. Throws an Error that says what is wrong with it.
 * @param open whether its errors' extensions are the client's business, whatever they are
 */
export function readAnswer(answer: unknown, { open = false }: { readonly open?: boolean } = {}): Answer {
  if (!isRecord(answer)) throw new Error('answered no object')
  const { data, errors } = answer
  if (data !== undefined && data !== null && !isRecord(data)) throw new Error('answered data that is no object')
  if (errors !== undefined && errors !== null && !Array.isArray(errors)) throw new Error('answered errors that are no list')
  const read = (errors ?? []).map((error: unknown) => readError(error, open))
  if (!data && read.length === 0) throw new Error('answered neither data nor errors')
  return { data: data ?? null, errors: read }
}

/** The same of what came as JSON. Without a backslash in it nothing was escaped, and nothing has to be. @throws Error also for other than JSON */
export const readAnswerText = (text: string, options?: { readonly open?: boolean }): Answer => ({
  ...readAnswer(JSON.parse(text), options),
  plain: !text.includes('\\'),
})

/** The same for what comes of a subscription, which may first say where it begins. */
export function readFollowed(answer: unknown, how: { readonly open?: boolean } = {}): Answer {
  const { startingCursor: startsAt } = isRecord(answer) && isRecord(answer.extensions) ? answer.extensions : {}
  return typeof startsAt === 'string' ? { data: null, errors: [], startsAt } : readAnswer(answer, how)
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readError(error: unknown, open: boolean): GraphQLFormattedError {
  if (!isRecord(error)) throw new Error('answered an error that is no object')
  const { message, path, extensions } = error
  const kept = isRecord(extensions)
    ? (open ? Object.keys(extensions) : EXTENSIONS).filter((key) => Object.hasOwn(extensions, key)).map((key) => [key, extensions[key]])
    : []
  return {
    message: typeof message === 'string' ? message : '',
    ...(isPath(path) && { path }),
    extensions: Object.fromEntries(kept),
  }
}

const isPath = (path: unknown): path is (string | number)[] =>
  Array.isArray(path) && path.every((key) => typeof key === 'string' || typeof key === 'number')
