import { buildSubgraphSchema } from '@apollo/subgraph'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { documentCache } from '@ashlar/kit/document-cache'
import { badUserInput } from '@ashlar/kit/errors'
import { decodeAnyId, encodeId } from '@ashlar/kit/ids'
import type DataLoader from 'dataloader'
import { execute, parse } from 'graphql'
import type { NamedSchema } from '../composition/compose-worker.js'
import type { GatewaySubgraph } from '../subgraph.js'
import { type NodeReference, nodeLoader } from './node-loader.js'
import { nodeTypesOf } from './node-types.js'
import { registrySdl } from './registry-sdl.js'

/** Its name in the supergraph; no service may be called so. */
export const REGISTRY = 'registry'

const MAX_IDS = 100

interface RegistryContext {
  readonly identity: Identity | null
  readonly nodes: DataLoader<string, NodeReference | null>
}

/**
 * The subgraph that answers `node`, `nodes` and `Viewer.id`, made from the types that implement `Node` in the given schemas.
 * `owners` are asked for every id, whatever is selected, so that what they hide is null here too.
 */
export function createRegistry(schemas: readonly NamedSchema[], owners: ReadonlyMap<string, GatewaySubgraph>): GatewaySubgraph {
  const types = nodeTypesOf(schemas)
  const sdl = registrySdl(types.values())
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolvers(types.size > 0) })
  const documents = documentCache(schema)
  return {
    name: REGISTRY,
    sdl,
    async execute({ query, operationName, variables }, asking: Asking) {
      const found = documents.get(query)
      if ('errors' in found) throw found.errors[0] ?? new Error('not a query of the registry')
      const contextValue: RegistryContext = { identity: asking.identity, nodes: nodeLoader(types, owners, asking) }
      const { data, errors } = await execute({
        schema,
        document: found.document,
        contextValue,
        operationName: operationName ?? null,
        variableValues: variables,
      })
      return { data: data ?? null, ...(errors && { errors: errors.map((error) => error.toJSON()) }) }
    },
  }
}

const resolvers = (hasNodes: boolean) => ({
  Query: {
    viewer: (_: unknown, __: unknown, { identity }: RegistryContext) => identity && { userId: identity.userId },
    ...(hasNodes && {
      node: (_: unknown, { id }: { id: string }, { nodes }: RegistryContext) => {
        checkIds([id], () => ['id'])
        return nodes.load(id)
      },
      nodes: (_: unknown, { ids }: { ids: readonly string[] }, { nodes }: RegistryContext) => {
        if (ids.length > MAX_IDS) throw badUserInput('ids', `takes at most ${MAX_IDS} ids`)
        checkIds(ids, (index) => ['ids', index])
        return ids.map((id) => nodes.load(id))
      },
    }),
  },
  Viewer: {
    __resolveReference: ({ userId }: { userId: string }) => ({ userId }),
    // Not from the identity: in the answer to a sign-in the viewer is who has just signed in.
    id: ({ userId }: { userId: string }) => encodeId('user', userId),
  },
})

function checkIds(ids: readonly string[], pathOf: (index: number) => readonly (string | number)[]) {
  const issues = ids.flatMap((id, index) => (decodeAnyId(id) ? [] : [{ path: pathOf(index), message: 'is not an id' }]))
  if (issues.length > 0) throw badUserInput(issues)
}
