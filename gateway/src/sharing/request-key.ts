import { isRecord } from '../data-sources/answer.js'
import type { OperationTexts } from './operation-texts.js'

/** What of a request says what is asked, and in which form the answer goes out. */
export interface AskedFor {
  readonly method: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
  readonly searchParams: URLSearchParams
}

export interface RequestKey {
  readonly text: string
  /** The SHA-256 that came without its text, and of which it is not known yet what it stands for: it can't be shared this time. */
  readonly unknownHash: string | null
}

/** With one of these Apollo takes a GET to come from a page that may send it (csrfPrevention); what else it takes for that is not shared. */
const PREFLIGHTED = ['x-apollo-operation-name', 'apollo-require-preflight']
/** Answers to it tell of this request alone. */
const TRACE = 'ashlar-trace'

/** By what two requests are the same, whoever sends them; null for what is not to be shared. */
export function requestKey({ method, headers, body, searchParams }: AskedFor, texts: OperationTexts): RequestKey | null {
  if (headers[TRACE] !== undefined) return null
  if (method === 'GET') {
    const asked = Object.fromEntries(searchParams)
    // What is given twice is refused: nobody who gives it once may get that refusal.
    if (!PREFLIGHTED.some((name) => headers[name]) || searchParams.size !== Object.keys(asked).length) return null
    return keyOf(headers, { ...asked, extensions: parsed(asked.extensions) }, texts, 'GET')
  }
  return method === 'POST' && isRecord(body) ? keyOf(headers, body, texts, 'POST') : null
}

function keyOf(headers: AskedFor['headers'], asked: Readonly<Record<string, unknown>>, texts: OperationTexts, method: string) {
  const { query, operationName, variables, extensions } = asked
  const hash = isRecord(extensions) && isRecord(extensions.persistedQuery) ? extensions.persistedQuery.sha256Hash : undefined
  const isMissing = query === undefined || query === null
  if (typeof query !== 'string' && !(isMissing && typeof hash === 'string')) return null
  const text = typeof query === 'string' ? texts.normalised(query) : texts.ofHash(String(hash))
  if (text === null) return typeof query === 'string' ? null : { text: '', unknownHash: String(hash) }
  return { text: JSON.stringify([method, headers.accept ?? '', text, operationName, variables, extensions]), unknownHash: null }
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return text
  }
}
