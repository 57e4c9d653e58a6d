import { type DirectiveNode, type FieldNode, type GraphQLSchema, isInterfaceType, isObjectType, Kind, parse, visit } from 'graphql'
import { type Meanings, meaningOf } from './meanings.js'

/** Under which key a field's value stands in the data: mostly that under which it stands in the answer. */
export interface DataKeys {
  dataKeyOf(field: FieldNode): string
}

const APART = '__asked'
const bySupergraph = new WeakMap<GraphQLSchema, DataKeys>()

/**
 * What the planner fetches on the way, keys and what is required, it fetches under the fields' own names, and so must nothing else that
 * clients ask for under one of these names, by alias or with other arguments: it has a key apart. A name that looks like one is put apart
 * itself, so that no two are the same.
 */
export function dataKeysOf(supergraph: GraphQLSchema): DataKeys {
  const known = bySupergraph.get(supergraph)
  if (known) return known
  const names = fetchedOnTheWay(supergraph)
  const keys: DataKeys = {
    dataKeyOf({ name, alias, arguments: args = [] }) {
      const { value: key } = alias ?? name
      const fetched = names.get(key)
      const isApart = (fetched && (key !== name.value || args.length > 0 || fetched.withArguments)) || key.endsWith(APART)
      return isApart ? `${key}${APART}` : key
    },
  }
  bySupergraph.set(supergraph, keys)
  return keys
}

/** The same for an operation in which some names stand for several fields: each of these has a key of its own. */
export function withMeanings({ dataKeyOf }: DataKeys, meanings: Meanings): DataKeys {
  return {
    dataKeyOf(field) {
      const { value: key } = field.alias ?? field.name
      const at = Object.hasOwn(meanings, key) ? (meanings[key]?.indexOf(meaningOf(field)) ?? -1) : -1
      // Under which all that are called so are apart already, numbered.
      return at === -1 ? dataKeyOf(field) : `${key}_${at}${APART}`
    },
  }
}

/** The names of all fields in keys, in what is required, and in contexts (join specification). */
function fetchedOnTheWay(supergraph: GraphQLSchema): ReadonlyMap<string, { readonly withArguments: boolean }> {
  const names = new Map([['__typename', { withArguments: false }]])
  for (const type of Object.values(supergraph.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue
    const fields = Object.values(type.getFields())
    const directives = [type, ...fields].flatMap(({ astNode }) => astNode?.directives ?? [])
    for (const selections of directives.flatMap(selectionsOf))
      visit(parse(selections, { noLocation: true }), {
        Field({ name: { value: name }, arguments: args = [] }) {
          names.set(name, { withArguments: args.length > 0 || names.get(name)?.withArguments === true })
        },
      })
  }
  return names
}

const FIELD_SETS = new Set(['key', 'requires'])

function selectionsOf({ name, arguments: args = [] }: DirectiveNode): readonly string[] {
  if (!name.value.startsWith('join__')) return []
  return args.flatMap(({ name, value }) => {
    if (FIELD_SETS.has(name.value)) return value.kind === Kind.STRING ? [`{${value.value}}`] : []
    if (name.value !== 'contextArguments' || value.kind !== Kind.LIST) return []
    return value.values.flatMap((each) => {
      const field = each.kind === Kind.OBJECT ? each.fields.find(({ name }) => name.value === 'selection') : undefined
      return field?.value.kind === Kind.STRING ? [`{x${withBraces(field.value.value)}}`] : []
    })
  })
}

/** A context's selection may be one set, or one for each type. */
const withBraces = (selections: string): string => (selections.trim().startsWith('{') ? selections : `{${selections}}`)
