import { type FieldNode, Kind, type SelectionSetNode } from 'graphql'
import { type ResponsePath, valueAt } from './data-path.js'
import type { ReadFetch } from './fetch-document.js'
import { isObject } from './json-text.js'

type Asked = Pick<ReadFetch, 'selectionSet' | 'fragments'>

/**
 * Where something is missing that a failed fetch of a root field was to bring: several services may answer that field, such as `viewer`, and
 * the error must not stand at what others have answered.
 * @param isInAnswer whether a path in the data is in the answer
 */
export function missingPlace(data: object, asked: Asked, key: string, isInAnswer: (path: ResponsePath) => boolean): ResponsePath {
  let path: ResponsePath = [key]
  let sets = under(key, [asked.selectionSet], asked)
  for (;;) {
    const value = valueAt(data, path)
    if (!isObject(value)) return path
    const keys = [...new Set(sets.flatMap((set) => fieldsOf(set, asked)).map(keyOf))]
    const found = keys.filter((each) => isInAnswer([...path, each]))
    const next = found.find((each) => (valueAt(data, [...path, each]) ?? null) === null) ?? found.find((each) => isObject(value[each]))
    if (next === undefined) return path
    path = [...path, next]
    sets = under(next, sets, asked)
  }
}

const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value

const under = (key: string, sets: readonly SelectionSetNode[], asked: Asked): readonly SelectionSetNode[] =>
  sets.flatMap((set) => fieldsOf(set, asked).flatMap((field) => (keyOf(field) === key && field.selectionSet ? [field.selectionSet] : [])))

const fieldsOf = ({ selections }: SelectionSetNode, asked: Asked): readonly FieldNode[] =>
  selections.flatMap((selection): readonly FieldNode[] => {
    if (selection.kind === Kind.FIELD) return [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, asked)
    const fragment = asked.fragments.find(({ name }) => name.value === selection.name.value)
    return fragment ? fieldsOf(fragment.selectionSet, asked) : []
  })
