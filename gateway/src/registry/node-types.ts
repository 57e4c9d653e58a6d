import { idPrefix } from '@ashlar/kit/ids'
import { type DefinitionNode, Kind, type ObjectTypeDefinitionNode } from 'graphql'
import { CompositionError } from '../composition/composition-error.js'
import type { ReadSchema } from '../composition/schemas.js'

export interface NodeType {
  readonly typeName: string
  /** The service that answers for it. */
  readonly owner: string
}

/** Every type that implements `Node`, by the prefix of its ids. Throws CompositionError where two share a prefix. */
export function nodeTypesOf(schemas: readonly ReadSchema[]): ReadonlyMap<string, NodeType> {
  const types = new Map<string, NodeType>()
  for (const { name: owner, document } of schemas) {
    for (const definition of document.definitions) {
      if (!isNode(definition)) continue
      const typeName = definition.name.value
      const prefix = idPrefix(typeName)
      const other = types.get(prefix)
      if (other) {
        const message = `[${owner}] ${typeName} and ${other.typeName} of [${other.owner}] would share the ids ${prefix}_…`
        throw new CompositionError([{ code: 'NODE_OWNED_TWICE', message }])
      }
      types.set(prefix, { typeName, owner })
    }
  }
  return types
}

const isNode = (definition: DefinitionNode): definition is ObjectTypeDefinitionNode =>
  definition.kind === Kind.OBJECT_TYPE_DEFINITION && (definition.interfaces ?? []).some(({ name }) => name.value === 'Node')
