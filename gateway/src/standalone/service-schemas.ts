import { StartError } from '@ashlar/kit/process-life'
import type { NamedSchema } from '../composition/schemas.js'
import type { Source } from '../data-sources/source.js'
import { NOBODY } from './nobody.js'
import type { NamedAddress } from './settings.js'

const SDL = 'query { _service { sdl } }'

/** Asks each service for its schema (Apollo Federation, Subgraph specification). @throws StartError with all that did not answer */
export async function fetchSchemas(
  services: readonly NamedAddress[],
  sourceOf: (name: string, url: URL) => Source,
): Promise<readonly NamedSchema[]> {
  const outcomes = await Promise.allSettled(services.map(({ name, url }) => fetchSdl(sourceOf(name, url))))
  const faults = outcomes.flatMap((outcome, at) =>
    outcome.status === 'rejected' ? [`  ${services[at]?.name}: ${(outcome.reason as Error).message}`] : [],
  )
  if (faults.length > 0) throw new StartError(['Not every service says what its schema is:', ...faults].join('\n'))
  return services.map(({ name, url }, at) => ({ name, url: url.href, sdl: (outcomes[at] as PromiseFulfilledResult<string>).value }))
}

async function fetchSdl(source: Source): Promise<string> {
  const { data, errors } = await source.ask({ query: SDL, variables: {}, writing: false }, NOBODY)
  const sdl = (data?._service as { sdl?: unknown } | null | undefined)?.sdl
  if (typeof sdl !== 'string') throw new Error(errors[0]?.message ?? 'answered no SDL')
  return sdl
}
