import type { FastifyReply } from 'fastify'
import type { CachePolicy } from '../caching/cache-policy.js'

export interface HowLong {
  readonly policy: CachePolicy
  /** Of an answer that was kept. */
  readonly ageSeconds: number | null
  readonly hasCredential: boolean
  /** Headers of the client's that services are told, in lower case. */
  readonly forwardedHeaders?: readonly string[] | undefined
}

/** What a credential opened is nobody else's, whatever stands between; and of what nobody has said that it holds nothing is kept. */
export const NO_STORE = 'private, no-store'

/** Says for how long an answer holds and for whom (RFC 9111), in the form of Apollo Server. */
export function sayHowLong(reply: FastifyReply, { policy, ageSeconds, hasCredential, forwardedHeaders = [] }: HowLong): void {
  if (ageSeconds !== null) reply.header('age', String(ageSeconds))
  const { maxAgeSeconds, isPrivate } = policy
  if (hasCredential || maxAgeSeconds <= 0) {
    reply.header('cache-control', NO_STORE)
    return
  }
  reply.header('cache-control', `max-age=${maxAgeSeconds}, ${isPrivate || forwardedHeaders.length > 0 ? 'private' : 'public'}`)
  // Nobody with a credential is to be given what was said to one without.
  reply.header('vary', ['Origin', 'Accept', 'Authorization', ...forwardedHeaders].join(', '))
}
