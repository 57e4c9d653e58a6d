import { composeServices } from '@apollo/composition'
import { buildSubgraphSchema } from '@apollo/subgraph'
import {
  buildSchema,
  type DocumentNode,
  execute,
  type FieldDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  printSchema,
  type SelectionSetNode,
  type TypeDefinitionNode,
  type TypeExtensionNode,
  validate,
} from 'graphql'
import type { SubgraphRequest, SubgraphResult } from '../../src/subgraph.js'

export type Thing = Record<string, unknown>
type Resolve = (self: Thing, args: Record<string, unknown>) => unknown
/** By type and field. What has no resolver is the field of the thing itself. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolve>>>>

/** A few services and the data that they have between them. */
export interface Shape {
  /** Their SDL, by name; without a link where the service is of the first federation. */
  readonly services: Readonly<Record<string, string>>
  /** The entities, whole; each says its `__typename`. */
  readonly entities?: readonly Thing[]
  readonly resolvers?: Resolvers
  /** What one service answers otherwise than the others, or has of its own. */
  readonly own?: Readonly<Record<string, Resolvers>>
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", "@requires",
  "@provides", "@interfaceObject", "@override", "@inaccessible", "@tag", "@extends", "@context", "@fromContext", "@composeDirective"])`

/** Whether it is of the second federation: those of the first say nothing. */
const linked = (sdl: string): string => (sdl.includes('# fed1') ? sdl : `${LINK}\n${sdl}`)

/** Composes the services as they are. @throws Error with all that composition says */
export function superSdlOf({ services }: Shape): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(services).map(([name, sdl]) => ({ name, url: `http://${name}.test/graphql`, typeDefs: parse(linked(sdl)) })),
  )
  if (!supergraphSdl) throw new Error(errors?.join('\n'))
  return supergraphSdl
}

export type Ask = (request: SubgraphRequest) => Promise<SubgraphResult>

/** One of the services. It answers an entity for a key that it knows, whole but for what is another's and was not sent along. */
export function serviceOf(shape: Shape, name: string): Ask {
  const typeDefs = parse(linked(shape.services[name] as string))
  const schema = buildSubgraphSchema({ typeDefs, resolvers: resolversOf(shape, name, typeDefs) as never })
  return async ({ query, operationName, variables }) => {
    const document = parse(query)
    // A gateway that asks what a service can't answer is at fault, whatever comes of it.
    const faults = validate(schema, document)
    if (faults.length > 0) throw new Error(`${name} was asked what it can't answer: ${faults.join(', ')} in ${query}`)
    const result = await execute({ schema, document, operationName: operationName ?? null, variableValues: variables })
    return JSON.parse(JSON.stringify({ ...result, errors: result.errors?.map((error: GraphQLError) => error.toJSON()) }))
  }
}

type Definition = TypeDefinitionNode | TypeExtensionNode
const FIELDED = new Set<string>([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_EXTENSION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_EXTENSION,
])

function resolversOf(shape: Shape, name: string, { definitions }: DocumentNode): Record<string, Record<string, unknown>> {
  const resolvers: Record<string, Record<string, unknown>> = {}
  const types = new Set(definitions.flatMap((each) => (FIELDED.has(each.kind) ? [(each as Definition).name.value] : [])))
  for (const typeName of types) {
    const parts = definitions.filter((each): each is Definition => 'name' in each && each.name?.value === typeName)
    const fields = parts.flatMap((part): readonly FieldDefinitionNode[] =>
      'fields' in part ? ((part.fields ?? []) as readonly FieldDefinitionNode[]) : [],
    )
    const isInterface = parts.some(({ kind }) => kind.startsWith('Interface'))
    const own = { ...shape.resolvers?.[typeName], ...shape.own?.[name]?.[typeName] }
    const keys = parts.flatMap(keysOf)
    const external = fields
      .filter((field) => field.directives?.some((each) => each.name.value === 'external'))
      .map((field) => field.name.value)
    resolvers[typeName] = {
      ...(!isInterface && Object.fromEntries(fields.flatMap(({ name: { value } }) => (own[value] ? [[value, own[value]]] : [])))),
      ...(isInterface && { __resolveType: ({ __typename }: Thing) => __typename }),
      ...(keys.length > 0 && {
        __resolveReference: (reference: Thing) => found(shape, typeName, { reference, keys, external, isInterface }),
      }),
    }
  }
  for (const definition of definitions)
    if (definition.kind === Kind.UNION_TYPE_DEFINITION || definition.kind === Kind.UNION_TYPE_EXTENSION)
      resolvers[definition.name.value] = { __resolveType: ({ __typename }: Thing) => __typename }
  return resolvers
}

function keysOf({ directives = [] }: Definition): SelectionSetNode[] {
  return directives.flatMap((directive) => {
    if (directive.name.value !== 'key') return []
    const fields = directive.arguments?.find((argument) => argument.name.value === 'fields')?.value
    const [definition] = parse(`{ ${fields?.kind === Kind.STRING ? fields.value : ''} }`).definitions
    return definition?.kind === Kind.OPERATION_DEFINITION ? [definition.selectionSet] : []
  })
}

interface Looking {
  readonly reference: Thing
  readonly keys: readonly SelectionSetNode[]
  readonly external: readonly string[]
  readonly isInterface: boolean
}

/** The entity that a reference is of, by any of the keys that the service knows. */
function found(shape: Shape, typeName: string, { reference, keys, external, isInterface }: Looking): Thing | null {
  const candidates = (shape.entities ?? []).filter((each) => [each.__typename, ...supertypes(each)].includes(typeName))
  const entity = candidates.find((each) => keys.some((key) => hasKey(each, reference, key)))
  if (!entity) return null
  const own = Object.fromEntries(Object.entries(entity).filter(([field]) => !external.includes(field)))
  const sent = Object.fromEntries(Object.entries(reference).filter(([field]) => external.includes(field)))
  return { ...own, ...sent, __typename: isInterface ? entity.__typename : typeName }
}

/** The interfaces that a thing says it has, for services that know it as one of them only. */
const supertypes = ({ __is = [] }: Thing): readonly unknown[] => __is as unknown[]

function hasKey(one: unknown, other: unknown, { selections }: SelectionSetNode): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, at) => hasKey(each, other[at], { kind: Kind.SELECTION_SET, selections }))
  return selections.every((selection) => {
    if (selection.kind !== Kind.FIELD) return true
    const { value: field } = selection.name
    const [left, right] = [(one as Thing | null)?.[field], (other as Thing | null)?.[field]]
    if (right === undefined) return false
    if (selection.selectionSet && left && right) return hasKey(left, right, selection.selectionSet)
    return (left ?? null) === right || String(left) === String(right)
  })
}

/** The same data in one schema, asked by graphql-js alone: what the gateway's answers are held against. */
export function wholeOf(shape: Shape, apiSchema: GraphQLSchema) {
  const schema = buildSchema(printSchema(apiSchema))
  return (document: DocumentNode, variableValues: Record<string, unknown>) =>
    execute({
      schema,
      document,
      variableValues,
      rootValue: {},
      fieldResolver: (parent: Thing, args, _context, { parentType, fieldName }) => {
        const resolve = [parentType, ...parentType.getInterfaces()].map(({ name }) => shape.resolvers?.[name]?.[fieldName]).find(Boolean)
        return resolve ? resolve(parent, args) : parent[fieldName]
      },
      typeResolver: ({ __typename }: Thing) => __typename as string,
    })
}
