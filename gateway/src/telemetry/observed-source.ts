import type { Asking } from '@ashlar/kit/caller'
import { AshlarError } from '@ashlar/kit/errors'
import type { Answer, Source } from '../data-sources/source.js'
import type { SubgraphRequest } from '../subgraph.js'
import { ReportedSpan } from './fetch-report.js'
import { codeLabel, NO_ANSWER } from './known-codes.js'
import type { GatewayMeasures } from './measures.js'
import { NAME_CHARS_MAX } from './operation-names.js'

/** Has whatever a subgraph is asked measured and told of, by whoever wants that; where nobody does it costs a look. */
export function observedSource(service: string, source: Source, measures: GatewayMeasures | null): Source {
  async function ask(request: SubgraphRequest, asking: Asking): Promise<Answer> {
    const counts = measures?.subgraph(service)
    const span = asking.trace?.begin(`fetch ${service}`, 'client', {
      'ashlar.subgraph': service,
      'graphql.operation.name': request.operationName?.slice(0, NAME_CHARS_MAX),
      'graphql.operation.type': request.writing === false ? 'query' : undefined,
      'ashlar.entities': request.entities ?? 0,
    })
    const begun = performance.now()
    const done = (bytes: number, code: string | null) => {
      counts?.done((performance.now() - begun) / 1_000, bytes, code)
      span?.end(code ?? undefined)
    }
    if (counts) counts.inFlight += 1
    try {
      const answer = await source.ask(request, span ? { ...asking, trace: span } : asking)
      if (span instanceof ReportedSpan) span.came(answer.data)
      const [error] = answer.errors
      done(answer.bytes ?? 0, error ? codeLabel(error.extensions?.code) : null)
      return answer
    } catch (error) {
      done(0, error instanceof AshlarError ? error.code : NO_ANSWER)
      throw error
    } finally {
      if (counts) counts.inFlight -= 1
    }
  }
  return {
    ...source,
    ask: (request, asking) => (measures || asking.trace ? ask(request, asking) : source.ask(request, asking)),
  }
}
