import { type DirectiveNode, type GraphQLNamedType, type GraphQLSchema, isEnumType, Kind, parse } from 'graphql'

/** Whether a field is part of a key by which a service knows a type. */
export type IsKey = (typeName: string, field: string) => boolean

/** Reads it from the supergraph (join specification: `@join__graph` names the services, `@join__type` has the keys). */
export function entityKeys(supergraph: GraphQLSchema, service: string): IsKey {
  const graph = graphOf(supergraph, service)
  const known = new Map<string, ReadonlySet<string>>()
  return (typeName, field) => {
    let fields = known.get(typeName)
    if (!fields) {
      fields = keyFields(supergraph.getType(typeName), graph)
      known.set(typeName, fields)
    }
    return fields.has(field)
  }
}

function graphOf(supergraph: GraphQLSchema, service: string): string | null {
  const graphs = supergraph.getType('join__Graph')
  const values = isEnumType(graphs) ? graphs.getValues() : []
  const found = values.find(({ astNode }) => astNode?.directives?.some((each) => textOf(each, 'name') === service))
  return found?.name ?? null
}

/** Those of an interface that the service knows as an object are its types' too. */
function keyFields(type: GraphQLNamedType | undefined, graph: string | null): ReadonlySet<string> {
  const interfaces = type && 'getInterfaces' in type ? type.getInterfaces() : []
  const directives = [type, ...interfaces].flatMap((each) => each?.astNode?.directives ?? [])
  return new Set(
    directives.flatMap((directive) => {
      const key = directive.name.value === 'join__type' && textOf(directive, 'graph') === graph ? textOf(directive, 'key') : null
      return key === null ? [] : topFields(key)
    }),
  )
}

function topFields(key: string): readonly string[] {
  const [definition] = parse(`{${key}}`, { noLocation: true }).definitions
  const selections = definition?.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : []
  return selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []))
}

function textOf({ arguments: args = [] }: DirectiveNode, name: string): string | null {
  const value = args.find((each) => each.name.value === name)?.value
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : null
}
