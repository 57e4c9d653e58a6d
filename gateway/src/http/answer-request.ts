import type { HTTPGraphQLResponse } from '@apollo/server'
import type { AnswerFacts } from '../caching/answer-facts.js'
import type { CachePolicy } from '../caching/cache-policy.js'
import type { RequestKey } from '../sharing/request-key.js'
import type { SharedAnswers } from '../sharing/shared-answers.js'
import { viewerOf } from '../sharing/viewer.js'
import type { RequestContext } from './asking.js'
import { bytesOf } from './bytes-of.js'

/** What goes out, before what each request has of its own. */
export interface Answer {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly body: string | Buffer | AsyncIterable<string>
  readonly policy: CachePolicy
  /** Of one that was kept; null for one that was made just now. */
  readonly ageSeconds: number | null
}

type Run = () => Promise<HTTPGraphQLResponse>

export const answerOf = ({ status = 200, headers, body }: HTTPGraphQLResponse, { policy }: Pick<AnswerFacts, 'policy'>): Answer => ({
  status,
  headers,
  body: body.kind === 'complete' ? body.string : body.asyncIterator,
  policy,
  ageSeconds: null,
})

/** Whether an answer may be another's as well. */
export const mayShare = ({ asking, refused, observed }: RequestContext): boolean =>
  refused === null && !asking.request.cookieMode && !observed?.report

/** The answer to what may be shared: one that is kept, one that is being made for another, or one that `run` makes. */
export async function answerShared(
  shared: SharedAnswers,
  { asked, context, version }: { readonly asked: RequestKey; readonly context: RequestContext; readonly version: number },
  run: Run,
): Promise<Answer> {
  const { asking, facts, observed } = context
  if (asked.unknownHash !== null) {
    const answer = answerOf(await run(), facts)
    if (answer.status === 200) shared.learn(asked.unknownHash, facts)
    return answer
  }
  const viewer = viewerOf(asking)
  let own: HTTPGraphQLResponse | undefined
  const found = await shared.answer({ viewer, key: `${version} ${viewer.key} ${asked.text}` }, async () => {
    own = await run()
    const { status = 200, headers, body } = own
    if (body.kind !== 'complete' || facts.isOwn) return null
    const { summary } = observed ?? {}
    // What is kept must not keep the document.
    const hash = summary?.hash() ?? null
    return {
      answer: {
        status,
        headers: [...headers],
        body: bytesOf(body.string),
        policy: facts.policy,
        summary: summary && { ...summary, hash: () => hash },
      },
      facts,
    }
  })
  // What comes in parts, or by a policy, goes to who asked first; whoever waited for it asks as well.
  if (found?.answer.summary) observed?.isLike(found.answer.summary)
  return found ? { ...found.answer, ageSeconds: found.ageSeconds } : answerOf(own ?? (await run()), facts)
}
