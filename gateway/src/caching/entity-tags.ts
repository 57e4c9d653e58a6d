/** An entity as somebody names it: its type, and as many fields of its key as there are. */
export type EntityName = Readonly<Record<string, unknown>> & { readonly __typename: string }

/**
 * What an answer is made of, as texts: `Product` for each type that it may have, `Product upc "1"` for each entity in it by each field of its
 * keys, and `Product upc ?` where there is one of which that field is not known.
 */
export type EntityTags = ReadonlySet<string>

/** What an answer is made of. */
export interface Contents {
  readonly tags: EntityTags
  /** The entities in it, each once; by its type alone where no field of its key is known, or where there is none and might be one. */
  readonly entities: readonly EntityName[]
}

/** Numbers and texts say the same of an ID. */
export const tagOf = (typeName: string, field: string, value: unknown): string => `${typeName} ${field} ${JSON.stringify(String(value))}`
export const tagOfUnknown = (typeName: string, field: string): string => `${typeName} ${field} ?`

/** What no longer holds: everything with one of the tags of each of the lists. */
export type Invalid = readonly (readonly string[])[]

/**
 * Which answers an entity's change is about. Where nothing is said that the type's keys have, all with the type.
 * @param keys the plain fields of the type's keys
 */
export function invalidBy(entity: EntityName, keys: readonly string[]): Invalid {
  const { __typename: typeName } = entity
  const said = keys.filter((field) => Object.hasOwn(entity, field) && entity[field] !== null && entity[field] !== undefined)
  if (said.length === 0) return [[typeName]]
  return said.map((field) => [tagOf(typeName, field, entity[field]), tagOfUnknown(typeName, field)])
}

export const isInvalid = (tags: EntityTags, invalid: Invalid): boolean => invalid.every((any) => any.some((tag) => tags.has(tag)))
