import type { Asking } from '@ashlar/kit/caller'
import { subgraphUnavailable } from '@ashlar/kit/errors'
import { decodeAnyId } from '@ashlar/kit/ids'
import DataLoader from 'dataloader'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { GatewaySubgraph } from '../subgraph.js'
import type { NodeType } from './node-types.js'

export interface NodeReference {
  readonly __typename: string
  readonly id: string
}

type Answer = NodeReference | null | Error

const EXISTS = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }'

/** What says no more than "not for you": here it has to look like what does not exist. */
const HIDING_CODES = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'BAD_USER_INPUT'])

/**
 * Asks the owners which of the ids are there for the caller: all ids of one step in one entity fetch an owner. An id whose prefix
 * no type has is null.
 */
export function nodeLoader(
  types: ReadonlyMap<string, NodeType>,
  owners: ReadonlyMap<string, GatewaySubgraph>,
  asking: Asking,
): DataLoader<string, NodeReference | null> {
  return new DataLoader<string, NodeReference | null>(async (ids) => {
    const byOwner = new Map<string, NodeReference[]>()
    for (const id of ids) {
      const type = types.get(decodeAnyId(id)?.type ?? '')
      if (type) byOwner.set(type.owner, [...(byOwner.get(type.owner) ?? []), { __typename: type.typeName, id }])
    }
    const answers = new Map<string, Answer>()
    await Promise.all(
      [...byOwner].map(async ([owner, references]) => {
        const found = await ask(owners.get(owner), references, asking)
        references.forEach(({ id }, index) => {
          answers.set(id, found[index] ?? null)
        })
      }),
    )
    return ids.map((id) => answers.get(id) ?? null)
  })
}

async function ask(owner: GatewaySubgraph | undefined, references: readonly NodeReference[], asking: Asking): Promise<readonly Answer[]> {
  if (!owner) return references.map(() => subgraphUnavailable())
  const { data, errors = [] } = await owner.execute({ query: EXISTS, variables: { representations: references } }, asking)
  const entities: readonly unknown[] = data?._entities ?? []
  return references.map((reference, index) => {
    if (entities[index]) return reference
    const error = errors.find(({ path }) => !path || path[1] === undefined || path[1] === index)
    return error && !HIDING_CODES.has(String(error.extensions?.code)) ? passedOn(error) : null
  })
}

const passedOn = ({ message, extensions }: GraphQLFormattedError) => new GraphQLError(message, { extensions: { ...extensions } })
