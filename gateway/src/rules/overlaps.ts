import { type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'
import type { Fragments } from './measure.js'

/**
 * How many pairs of fields stand under one name in one place of an answer: validation compares each with each, and all below them (GraphQL,
 * Field Selection Merging), so that a small text can keep it busy. Stops counting above `limit`. Fragments must not lead to themselves.
 */
export function overlapsOf(operation: OperationDefinitionNode, fragments: Fragments, limit: number): number {
  let pairs = 0

  function merge(sets: readonly SelectionSetNode[]): void {
    const fields = new Map<string, FieldNode[]>()
    const spread = new Set<string>()

    function collect({ selections }: SelectionSetNode): void {
      for (const node of selections) {
        if (node.kind === Kind.FIELD) {
          const name = (node.alias ?? node.name).value
          const same = fields.get(name)
          if (same) same.push(node)
          else fields.set(name, [node])
        } else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet)
        else if (!spread.has(node.name.value)) {
          spread.add(node.name.value)
          const fragment = fragments.get(node.name.value)
          if (fragment) collect(fragment.selectionSet)
        }
      }
    }

    for (const set of sets) collect(set)
    for (const nodes of fields.values()) {
      pairs += (nodes.length * (nodes.length - 1)) / 2
      if (pairs > limit) return
      const below = nodes.flatMap(({ selectionSet }) => selectionSet ?? [])
      if (below.length > 0) merge(below)
    }
  }

  merge([operation.selectionSet])
  return pairs
}
