import { type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType, isScalarType, Kind, parse } from 'graphql'

/** For each object type the plain fields of its keys, by the supergraph (join specification, `@join__type(key:)`). */
export class EntityKeys {
  private readonly known = new Map<string, readonly string[]>()

  constructor(private readonly supergraphSchema: GraphQLSchema) {}

  /** The fields by which an entity may be named, such as `id`; none for what is no entity. */
  of(typeName: string): readonly string[] {
    const known = this.known.get(typeName)
    if (known) return known
    const type = this.supergraphSchema.getType(typeName)
    // Names that nothing is called by are anybody's to make up, and not worth knowing.
    if (!isObjectType(type)) return []
    const fields = keyFieldsOf(type)
    this.known.set(typeName, fields)
    return fields
  }
}

function keyFieldsOf(type: GraphQLObjectType): readonly string[] {
  const keys = (type.astNode?.directives ?? []).flatMap(({ name, arguments: args = [] }) => {
    const key = args.find((argument) => argument.name.value === 'key')?.value
    return name.value === 'join__type' && key?.kind === Kind.STRING ? [key.value] : []
  })
  const names = keys.flatMap((key) => plainFieldsOf(key)).filter((name) => isScalarType(getNamedType(type.getFields()[name]?.type)))
  return [...new Set(names)]
}

/** Of `sku package { id }` what is a field by itself. */
function plainFieldsOf(key: string): readonly string[] {
  const [definition] = parse(`{ ${key} }`, { noLocation: true }).definitions
  if (definition?.kind !== Kind.OPERATION_DEFINITION) return []
  return definition.selectionSet.selections.flatMap((node) => (node.kind === Kind.FIELD && !node.selectionSet ? [node.name.value] : []))
}
