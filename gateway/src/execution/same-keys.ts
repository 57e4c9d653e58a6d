import { type FieldNode, print, visit } from 'graphql'
import type { ReadFetch } from './fetch-document.js'

/**
 * Whether a key means the same field with the same arguments wherever it stands in a plan. Then two places where one entity stands may
 * have one object between them: whatever else comes into it is true of both.
 */
export function haveSameKeys(fetches: readonly ReadFetch[]): boolean {
  const meanings = new Map<string, string>()
  let same = true
  const Field = (field: FieldNode) => {
    const key = (field.alias ?? field.name).value
    const meaning = `${field.name.value}(${field.arguments?.map(print).sort().join() ?? ''})`
    const known = meanings.get(key)
    if (known === undefined) meanings.set(key, meaning)
    else if (known !== meaning) same = false
  }
  for (const { selectionSet, fragments } of fetches) for (const node of [selectionSet, ...fragments]) visit(node, { Field })
  return same
}
