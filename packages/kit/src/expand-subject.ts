import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type NamedTypeNode,
  type NameNode,
  type ObjectTypeDefinitionNode,
  type ObjectTypeExtensionNode,
} from 'graphql'
import { decodeAnyId, idPrefix } from './ids.js'

const SUBJECT = 'Subject'

/** What may stand on an interface's field; requirements and costs stay with the types, or they would spread to all of them. */
const KEPT_ON_INTERFACES = new Set(['deprecated', 'inaccessible', 'tag', 'listSize'])

/** The names of all types that implement `Subject` in any of the schemas, sorted. */
export function subjectTypesOf(schemas: Iterable<DocumentNode>): readonly string[] {
  const names = new Set<string>()
  for (const { definitions } of schemas) {
    for (const definition of definitions) {
      if (isObject(definition) && definition.interfaces?.some(({ name }) => name.value === SUBJECT)) names.add(definition.name.value)
    }
  }
  return [...names].sort()
}

/**
 * Expands `type Subject @key(fields: "id") @interfaceObject` into the interface and a stub of every type in `types`: over the
 * directive itself the query planner is exponential. A schema without such a type is returned as it is.
 */
export function expandSubject(schema: DocumentNode, types: readonly string[]): DocumentNode {
  const subject = schema.definitions.find((definition): definition is ObjectTypeDefinitionNode => isInterfaceObject(definition))
  if (!subject) return schema
  const present = new Set(schema.definitions.flatMap((definition) => (isObject(definition) ? [definition.name.value] : [])))
  return {
    ...schema,
    definitions: schema.definitions.flatMap((definition): DefinitionNode[] => {
      if (definition === subject)
        return [interfaceOf(subject), ...types.filter((type) => !present.has(type)).map((type) => stubOf(subject, type))]
      const extended = isObject(definition) && definition.kind === Kind.OBJECT_TYPE_DEFINITION && types.includes(definition.name.value)
      return [extended ? withSubject(definition, subject) : definition]
    }),
  }
}

/** The type of the subject that an id belongs to, by its prefix; null if it is none of `types`. */
export function subjectTypeOfId(id: string, types: readonly string[]): string | null {
  const prefix = decodeAnyId(id)?.type
  return types.find((type) => idPrefix(type) === prefix) ?? null
}

const isObject = (node: DefinitionNode): node is ObjectTypeDefinitionNode | ObjectTypeExtensionNode =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION

const isInterfaceObject = (node: DefinitionNode): boolean =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION &&
  node.name.value === SUBJECT &&
  (node.directives ?? []).some((directive) => directive.name.value === 'interfaceObject')

const interfaceOf = ({ description, fields = [] }: ObjectTypeDefinitionNode): DefinitionNode => ({
  kind: Kind.INTERFACE_TYPE_DEFINITION,
  ...(description && { description }),
  name: name(SUBJECT),
  fields: fields.map((field) => ({
    ...field,
    directives: (field.directives ?? []).filter((directive) => KEPT_ON_INTERFACES.has(directive.name.value)),
  })),
})

const stubOf = ({ fields = [] }: ObjectTypeDefinitionNode, type: string): DefinitionNode => ({
  kind: Kind.OBJECT_TYPE_DEFINITION,
  name: name(type),
  interfaces: [named(SUBJECT)],
  directives: [key],
  fields,
})

/** For a service that has fields of its own on a subject's type beside those of every subject. */
function withSubject(type: ObjectTypeDefinitionNode, { fields = [] }: ObjectTypeDefinitionNode): DefinitionNode {
  const own = new Set(type.fields?.map((field) => field.name.value))
  const missing: readonly FieldDefinitionNode[] = fields.filter((field) => !own.has(field.name.value))
  const implemented = type.interfaces?.some((node) => node.name.value === SUBJECT) ?? false
  return {
    ...type,
    interfaces: [...(type.interfaces ?? []), ...(implemented ? [] : [named(SUBJECT)])],
    fields: [...(type.fields ?? []), ...missing],
  }
}

const name = (value: string): NameNode => ({ kind: Kind.NAME, value })
const named = (value: string): NamedTypeNode => ({ kind: Kind.NAMED_TYPE, name: name(value) })
const key: ConstDirectiveNode = {
  kind: Kind.DIRECTIVE,
  name: name('key'),
  arguments: [{ kind: Kind.ARGUMENT, name: name('fields'), value: { kind: Kind.STRING, value: 'id' } }],
}
