import { Kind, parse } from 'graphql'

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
