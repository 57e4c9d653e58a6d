import { type GraphQLSchema, Kind, parse } from 'graphql'

/** The mutations that an expired or ended token does not fail, by the mark `@signsIn` that services set on them. */
export function signInFieldsOf(supergraphSdl: string): ReadonlySet<string> {
  const fields = new Set<string>()
  for (const definition of parse(supergraphSdl, { noLocation: true }).definitions) {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION || definition.name.value !== 'Mutation') continue
    for (const field of definition.fields ?? []) {
      if (field.directives?.some(({ name }) => name.value === 'signsIn')) fields.add(field.name.value)
    }
  }
  return fields
}

/**
 * The mutations whose answer may be for another than who asked, somebody who has just signed in: what is below them is for the services to
 * decide. Those that sign in are of them, and those marked `@opensSession`.
 */
export function sessionOpeners(supergraphSchema: GraphQLSchema): ReadonlySet<string> {
  const fields = Object.values(supergraphSchema.getMutationType()?.getFields() ?? {})
  const isMarked = (names: readonly string[]) => names.includes('signsIn') || names.includes('opensSession')
  return new Set(
    fields.filter(({ astNode }) => isMarked((astNode?.directives ?? []).map(({ name }) => name.value))).map(({ name }) => name),
  )
}
