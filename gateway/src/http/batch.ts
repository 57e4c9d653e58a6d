import { tooComplex } from '@ashlar/kit/errors'
import { NOT_KEPT } from '../caching/cache-policy.js'
import type { Answer } from './answer-request.js'
import { RequestFault } from './request-fault.js'

const JSON_TYPE = 'application/json; charset=utf-8'
const OK = 200
const IN_PARTS = JSON.stringify({
  errors: [{ message: 'What is answered in parts can not be one of a list.', extensions: { code: 'BAD_REQUEST' } }],
})

/** @throws TOO_COMPLEX for more operations than one request may have, and a fault for none */
export function boundBatch(bodies: readonly unknown[], limit: number): void {
  if (bodies.length === 0) throw new RequestFault(400, 'There is no operation in the list.')
  if (bodies.length > limit) throw tooComplex({ message: `The request has more than ${limit} operations.`, limit })
}

/**
 * The answers to operations that came as a list, as one list. What fails of them all the same fails the request; else a client has to look
 * at each, since for most of them a status that says otherwise is the end of all.
 */
export function joinAnswers(answers: readonly Answer[]): Answer {
  const [first] = answers
  const isSame = first !== undefined && answers.every(({ status }) => status === first.status)
  const headers = new Map(isSame && first.status !== OK ? first.headers : [])
  headers.set('content-type', JSON_TYPE)
  headers.delete('content-length')
  return {
    status: isSame ? first.status : OK,
    headers,
    body: `[${answers.map(({ body }) => textOf(body)).join(',')}]`,
    policy: NOT_KEPT,
    ageSeconds: null,
  }
}

function textOf(body: Answer['body']): string {
  if (typeof body === 'string') return body.trimEnd()
  if (Buffer.isBuffer(body)) return body.toString().trimEnd()
  return IN_PARTS
}
