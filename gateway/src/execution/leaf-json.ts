import { type GraphQLLeafType, isEnumType } from 'graphql'
import { jsonOf, quoted } from './json-text.js'

const INT_MAX = 2 ** 31

type ToJson = (value: unknown) => string | undefined

/** The scalars of GraphQL itself: what a service serialises has just these forms. */
const BUILT_IN: Readonly<Record<string, ToJson>> = {
  String: (value) => (typeof value === 'string' ? quoted(value) : undefined),
  ID: (value) => (typeof value === 'string' ? quoted(value) : Number.isInteger(value) ? `"${value}"` : undefined),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  Int: (value) =>
    typeof value === 'number' && Number.isInteger(value) && value < INT_MAX && value >= -INT_MAX ? String(value + 0) : undefined,
  Float: (value) => (typeof value === 'number' && Number.isFinite(value) ? JSON.stringify(value) : undefined),
}

/** How a leaf's value is written; undefined for one that its type does not have. A scalar of one's own may be any JSON. */
export function leafJson(type: GraphQLLeafType): ToJson {
  if (!isEnumType(type)) return BUILT_IN[type.name] ?? jsonOf
  const texts = new Map(type.getValues().map(({ name }) => [name, quoted(name)]))
  return (value) => (typeof value === 'string' ? texts.get(value) : undefined)
}
