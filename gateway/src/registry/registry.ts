import { buildSubgraphSchema } from '@apollo/subgraph'
import type { Asking, Identity } from '@ashlar/kit/caller'
import { documentCache } from '@ashlar/kit/document-cache'
import { badUserInput } from '@ashlar/kit/errors'
import { presentError } from '@ashlar/kit/failures'
import { decodeAnyId, encodeId } from '@ashlar/kit/ids'
import type { Logger } from '@ashlar/kit/log'
import { execute, type GraphQLError, parse } from 'graphql'
import type { Source } from '../data-sources/source.js'
import { type NodeLoader, nodeLoader } from './node-loader.js'
import type { NodeType } from './node-types.js'

/** Its name in the supergraph; no service may be called so. */
export const REGISTRY = 'registry'

const MAX_IDS = 100

interface RegistryContext {
  readonly identity: Identity | null
  readonly nodes: NodeLoader
}

interface RegistryOptions {
  readonly sdl: string
  readonly types: ReadonlyMap<string, NodeType>
  /** Asked for every id, whatever is selected, so that what they hide is null here too. */
  readonly owners: Readonly<Record<string, Source>>
  readonly log: Logger
}

/** The subgraph that answers `node`, `nodes` and `Viewer.id`. It needs no time limit: its owners have theirs. */
export function registrySource({ sdl, types, owners, log }: RegistryOptions): Source {
  const schema = buildSubgraphSchema({ typeDefs: parse(sdl), resolvers: resolvers(types.size > 0) as never })
  const documents = documentCache(schema)
  const present = (error: GraphQLError) => presentError(error, { log, service: REGISTRY, writing: false })
  return {
    async ask({ query, operationName, variables }, asking: Asking) {
      const found = documents.get(query)
      if ('errors' in found) throw found.errors[0] ?? new Error('not a query of the registry')
      const contextValue: RegistryContext = { identity: asking.identity, nodes: nodeLoader({ types, owners, asking, log }) }
      const { data, errors = [] } = await execute({
        schema,
        document: found.document,
        contextValue,
        operationName: operationName ?? null,
        variableValues: variables,
      })
      return { data: data ?? null, errors: oncePerCause(errors).map(present) }
    },
  }
}

/** An owner that is down is one error, however many ids it was asked for. */
function oncePerCause(errors: readonly GraphQLError[]): readonly GraphQLError[] {
  const causes = new Set<unknown>()
  return errors.filter(({ originalError }) => {
    if (!originalError || !causes.has(originalError)) {
      causes.add(originalError)
      return true
    }
    return false
  })
}

const resolvers = (hasNodes: boolean) => ({
  Query: {
    viewer: (_: unknown, __: unknown, { identity }: RegistryContext) => identity && { userId: encodeId('user', identity.userId) },
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
    id: ({ userId }: { userId: string }) => userId,
  },
})

function checkIds(ids: readonly string[], pathOf: (index: number) => readonly (string | number)[]) {
  const issues = ids.flatMap((id, index) => (decodeAnyId(id) ? [] : [{ path: pathOf(index), message: 'is not an id' }]))
  if (issues.length > 0) throw badUserInput(issues)
}
