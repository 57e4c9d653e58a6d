import type { Asking } from '@ashlar/kit/caller'
import { AshlarError, type ErrorCode } from '@ashlar/kit/errors'
import { decodeAnyId } from '@ashlar/kit/ids'
import type { Logger } from '@ashlar/kit/log'
import DataLoader from 'dataloader'
import type { GraphQLFormattedError } from 'graphql'
import { failureOf } from '../data-sources/failure.js'
import type { Source } from '../data-sources/source.js'
import type { NodeType } from './node-types.js'

export interface NodeReference {
  readonly __typename: string
  readonly id: string
}

export type NodeLoader = DataLoader<string, NodeReference | null>

interface NodeLoaderOptions {
  readonly types: ReadonlyMap<string, NodeType>
  /** By the service's name. */
  readonly owners: Readonly<Record<string, Source>>
  readonly asking: Asking
  readonly log: Logger
}

type Found = NodeReference | null | AshlarError

const EXISTS = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }'

/** What says no more than "not for you": here it has to look like what does not exist. */
const HIDING_CODES = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT'])

/**
 * Asks the owners which of the ids are there for the caller: all ids of one step in one entity fetch an owner. An id whose prefix
 * no type has is null.
 */
export function nodeLoader({ types, owners, asking, log }: NodeLoaderOptions): NodeLoader {
  return new DataLoader<string, NodeReference | null>(async (ids) => {
    const byOwner = new Map<string, NodeReference[]>()
    for (const id of ids) {
      const type = types.get(decodeAnyId(id)?.type ?? '')
      if (!type) continue
      const references = byOwner.get(type.owner) ?? []
      references.push({ __typename: type.typeName, id })
      byOwner.set(type.owner, references)
    }
    const answers = new Map<string, Found>()
    await Promise.all(
      [...byOwner].map(async ([service, references]) => {
        const found = await ask(owners[service], references, { service, asking, log })
        references.forEach(({ id }, index) => {
          answers.set(id, found[index] ?? null)
        })
      }),
    )
    return ids.map((id) => answers.get(id) ?? null)
  })
}

async function ask(
  owner: Source | undefined,
  references: readonly NodeReference[],
  { service, asking, log }: { readonly service: string; readonly asking: Asking; readonly log: Logger },
): Promise<readonly Found[]> {
  try {
    if (!owner) throw new Error('the owner is not there')
    const { data, errors } = await owner.ask({ query: EXISTS, variables: { representations: references } }, asking)
    const entities = data?._entities
    if (!Array.isArray(entities) || entities.length !== references.length) {
      const [error] = errors
      if (!error) throw new Error(`did not answer ${references.length} entities`)
      const said = passedOn(error)
      return references.map(() => said)
    }
    return references.map((reference, index) => {
      if (entities[index]) return reference
      const error = errors.find(({ path }) => path?.[1] === undefined || path[1] === index)
      return error ? passedOn(error) : null
    })
  } catch (error) {
    const failure = failureOf(error, { service, requestId: asking.request.id, writing: false }, log)
    return references.map(() => failure)
  }
}

function passedOn({ message, extensions: { code, ...extensions } = {} }: GraphQLFormattedError): AshlarError | null {
  return HIDING_CODES.has(String(code)) ? null : new AshlarError(String(code ?? 'INTERNAL_SERVER_ERROR') as ErrorCode, message, extensions)
}
