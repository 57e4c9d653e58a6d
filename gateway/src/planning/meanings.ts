import { type DocumentNode, type FieldNode, Kind, print, type SelectionSetNode } from 'graphql'
import { fragmentsOf } from '../rules/measure.js'

/** For names in the answer that stand for different fields at one path, in objects of different types: the fields, with their arguments. */
export type Meanings = Readonly<Record<string, readonly string[]>>

/** A field and its arguments. */
export const meaningOf = ({ name, arguments: args = [] }: FieldNode): string => `${name.value}(${args.map(print).sort().join()})`

/**
 * Finds what the planner would take for one and the same, since the paths of its fetches do not say the types on the way: it would fetch
 * one of them alone, for all.
 */
export function meaningsOf(document: DocumentNode): Meanings {
  const fragments = fragmentsOf(document)
  const meanings = new Map<string, Set<string>>()
  const ambiguous = new Set<string>()

  function fieldsOf(sets: readonly SelectionSetNode[]): ReadonlyMap<string, readonly FieldNode[]> {
    const fields = new Map<string, FieldNode[]>()
    const spread = new Set<string>()
    const collect = ({ selections }: SelectionSetNode): void => {
      for (const selection of selections) {
        if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet)
        else if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value
          fields.set(key, [...(fields.get(key) ?? []), selection])
        } else if (!spread.has(selection.name.value)) {
          spread.add(selection.name.value)
          const fragment = fragments.get(selection.name.value)
          if (fragment) collect(fragment.selectionSet)
        }
      }
    }
    for (const set of sets) collect(set)
    return fields
  }

  function walk(sets: readonly SelectionSetNode[]): void {
    for (const [key, fields] of fieldsOf(sets)) {
      const here = new Set(fields.map(meaningOf))
      if (here.size > 1) ambiguous.add(key)
      meanings.set(key, new Set([...(meanings.get(key) ?? []), ...here]))
      const below = fields.flatMap(({ selectionSet }) => selectionSet ?? [])
      if (below.length > 0) walk(below)
    }
  }

  for (const definition of document.definitions) if (definition.kind === Kind.OPERATION_DEFINITION) walk([definition.selectionSet])
  return Object.fromEntries([...ambiguous].map((key) => [key, [...(meanings.get(key) ?? [])]]))
}
