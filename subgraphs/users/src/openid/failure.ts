import { type AshlarError, subgraphUnavailable, unauthenticated } from '@ashlar/kit/errors'
import { errors as jose } from 'jose'
import * as openid from 'openid-client'
import { NoAnswer } from './outgoing.js'

const RETRY_AFTER_SECONDS = 10
const DEPTH_MAX = 5
/** Of oauth4webapi: an answer by another status, type or grammar than the standard's. */
const GARBLED = new Set(['OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON', 'OAUTH_PARSE_ERROR', 'OAUTH_TIMEOUT'])
/** Of jose: the provider's keys could not be had. Its other codes speak of the token. */
const KEYLESS = new Set(['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'])

/** What an error of the libraries means: SUBGRAPH_UNAVAILABLE where the provider does not answer as it should, else UNAUTHENTICATED. */
export function failureOf(error: unknown, message: string): AshlarError {
  if (isProviders(error)) return subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS })
  const stopped = error instanceof openid.AuthorizationResponseError && error.error === 'access_denied'
  return unauthenticated({ message: stopped ? 'The sign-in was stopped there.' : message })
}

function isProviders(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < DEPTH_MAX; cause = cause.cause, depth += 1) {
    if (cause instanceof NoAnswer) return true
    if (cause instanceof openid.ClientError && GARBLED.has(cause.code ?? '')) return true
    if (cause instanceof jose.JOSEError && KEYLESS.has(cause.code)) return true
  }
  return false
}
