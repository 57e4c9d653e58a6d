import { subgraphUnavailable } from '@ashlar/kit/errors'
import type { StreamAnswer } from '../streams/stream.js'
import type { Wording } from './http-operation.js'
import { multipart } from './multipart.js'

export const subscriptionParts = multipart('graphql', 'subscriptionSpec="1.0"')
/** An empty object is no answer. */
export const HEART_BEAT_PART = subscriptionParts.part('{}')

const RETRY_AFTER_SECONDS = 1

/**
 * Apollo's multipart protocol for subscriptions. Where a stream ends that is not complete, the protocol knows an error of the transport
 * alone.
 */
export const partsOfAnswers: Wording = {
  next: ({ text }: StreamAnswer) => subscriptionParts.part(`{"payload":${text}}`),
  complete: subscriptionParts.closing,
  comeBack:
    subscriptionParts.part(
      JSON.stringify({ payload: null, errors: [subgraphUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS }).toJSON()] }),
    ) + subscriptionParts.closing,
  answersFaults: false,
}
