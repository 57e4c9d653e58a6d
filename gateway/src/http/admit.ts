import { HeaderMap } from '@apollo/server'
import { GraphQLError } from 'graphql'
import { isRecord } from '../data-sources/answer.js'
import { type TrustedOperations, withoutHash } from '../rules/trusted-operations.js'

/** The parts of a request that say which operation is meant. */
export interface RequestParts {
  readonly method: string
  readonly body: unknown
  readonly searchParams: URLSearchParams
}

/** The same with the text that is meant, as if it had come with it; or what its refusal says. */
export type AdmittedRequest = RequestParts | { readonly refusal: GraphQLError }

/** Holds a request against the list of operations that may run, if there is one. */
export function admitRequest(trusted: TrustedOperations | null, parts: RequestParts): AdmittedRequest {
  const named = trusted && namedIn(parts)
  if (!trusted || !named) return parts
  const admission = trusted.admit(named)
  if ('refusal' in admission) return { refusal: withStatus(admission.refusal, admission.status) }
  return admission.text === null ? parts : withText(parts, admission.text, withoutHash(named.extensions))
}

function namedIn({ method, body, searchParams }: RequestParts) {
  if (method !== 'GET') return isRecord(body) ? { query: body.query, extensions: body.extensions } : null
  return { query: searchParams.get('query') ?? undefined, extensions: parsed(searchParams.get('extensions')) }
}

function withText({ method, body, searchParams }: RequestParts, query: string, extensions: object): RequestParts {
  if (method !== 'GET') return { method, searchParams, body: { ...(body as object), query, extensions } }
  // What is given twice is refused; it must not become once by this.
  if (searchParams.getAll('query').length > 1 || searchParams.getAll('extensions').length > 1) return { method, body, searchParams }
  const given = new URLSearchParams(searchParams)
  given.set('query', query)
  given.set('extensions', JSON.stringify(extensions))
  return { method, body, searchParams: given }
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

const withStatus = ({ message, extensions }: GraphQLError, status: number) =>
  new GraphQLError(message, { extensions: { ...extensions, http: { status, headers: new HeaderMap() } } })
